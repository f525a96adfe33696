package engine

import (
	"context"
	"time"
)

// within runs f, which should heed ctx, and leaves it behind a grace after ctx
// ended.
func within(ctx context.Context, grace time.Duration, f func(context.Context) error) error {
	done := make(chan error, 1)
	go func() { done <- f(ctx) }()
	select {
	case err := <-done:
		return err
	case <-ctx.Done():
	}
	select {
	case err := <-done:
		return err
	case <-time.After(grace):
		return errIgnored
	}
}
