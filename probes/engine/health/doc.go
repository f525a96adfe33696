// Package health watches the generator itself during one trial, so that a
// verdict can tell "the service was slow" from "we were": processor share,
// scheduling lag, collector pauses, sockets and steps of the clock.
//
// It says nothing of lateness and drops, which the engine counts where they
// happen. Shares are 0 to 1, lags and pauses time.Duration.
package health
