package command

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"syscall"
)

// Main parses the flags, and does the work of a command that measures or checks, until it ends or a signal comes. Usage is printed before the
// flags. The command exits with code 1 where something is not right, and where it fails.
func Main(name, usage string, run func(ctx context.Context) (right bool, err error)) {
	flag.Usage = func() {
		_, _ = fmt.Fprint(os.Stderr, usage)
		flag.PrintDefaults()
	}
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM, syscall.SIGHUP)
	right, err := run(ctx)
	stop()
	if err != nil {
		_, _ = fmt.Fprintln(os.Stderr, name+":", err)
	}
	if err != nil || !right {
		os.Exit(1)
	}
}
