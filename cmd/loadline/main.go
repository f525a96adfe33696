// Command loadline measures a service through and around the part of the
// infrastructure that changes, and answers whether the change may go out.
//
// Each subcommand has a file of its own that wires the rooms together; what is
// measured, judged or drawn is decided elsewhere. stdout is the result, stderr
// is progress and hints, and the exit code is the verdict (see exit.go).
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/spf13/cobra"
)

func main() {
	ctx, stop := interruptible(context.Background())
	code := execute(ctx, os.Args[1:], newOutlet(os.Stdout, os.Stderr), os.Stderr)
	stop()
	os.Exit(code)
}

// oneAsking is how long further signals are taken for the same one: timeout(1)
// and job controllers tell the process and then its group.
const oneAsking = time.Second

// interruptible is cancelled by the first SIGINT or SIGTERM, so that load
// stops, ops drain and the record ends; one that comes later exits at once.
func interruptible(parent context.Context) (context.Context, func()) {
	ctx, cancel := context.WithCancel(parent)
	signals := make(chan os.Signal, 2)
	signal.Notify(signals, os.Interrupt, syscall.SIGTERM)
	go func() {
		<-signals
		fmt.Fprintln(os.Stderr, "loadline: interrupted: stopping load and keeping what was measured (once more to exit at once)")
		cancel()
		for asked := time.Now(); ; {
			<-signals
			if time.Since(asked) >= oneAsking {
				os.Exit(exitInterrupted)
			}
		}
	}()
	return ctx, cancel
}

// execute runs one command line and returns its exit code.
func execute(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	root := newRoot(app{stdout: stdout, stderr: stderr})
	root.SetArgs(args)
	err := root.ExecuteContext(ctx)
	var j judged
	if err != nil && !errors.As(err, &j) {
		fmt.Fprintf(stderr, "loadline: %v\n", err)
	}
	return exitCode(err)
}

// app is what every command may use of the outside.
type app struct{ stdout, stderr io.Writer }

func (a app) hint(format string, args ...any) { fmt.Fprintf(a.stderr, format+"\n", args...) }

func newRoot(a app) *cobra.Command {
	root := &cobra.Command{
		Use:   "loadline",
		Short: "May this infrastructure change go out? Measure through and around it, and decide.",
		Long: `loadline measures a service through and around the part that changes (a load
balancer, a storage, a release), compares the two, and answers go, no go, or
cannot tell yet, with the evidence.

Exit codes: 0 PASS or IMPROVED · 10 REGRESSED · 11 INCONCLUSIVE · 12 INVALID ·
13 NO_BASELINE · 20 scenario or usage wrong · 21 could not run · 22 the record
could not be kept · 130 interrupted · 1 and 2 a crash, never a verdict.`,
		SilenceUsage:  true,
		SilenceErrors: true,
	}
	root.SetOut(a.stdout)
	root.SetErr(a.stderr)
	root.SetFlagErrorFunc(func(c *cobra.Command, err error) error {
		return usage(fmt.Errorf("%w (hint: %s --help)", err, c.CommandPath()))
	})
	root.AddCommand(
		demoCommand(a), runCommand(a), validateCommand(a), planCommand(a), schemaCommand(a), initCommand(a),
		reportCommand(a), compareCommand(a), cleanCommand(a), labCommand(a), selftestCommand(a), doctorCommand(a),
		versionCommand(a),
	)
	strict(root)
	return root
}
