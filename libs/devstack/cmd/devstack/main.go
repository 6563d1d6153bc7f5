package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"path/filepath"
	"syscall"
	"time"

	"streamgate/libs/devstack/internal/runner"
	"streamgate/libs/devstack/internal/stores"
	"streamgate/libs/devstack/internal/testrun"
)

const usage = `devstack runs Streamgate on one machine.

  devstack run [-listen 127.0.0.1:9000] [-dir .local] [-redis auto|server|miniredis]
        builds the services and runs them with their stores, behind one address, until Ctrl-C. MONGODB_URI and
        REDIS_URL name real stores to use instead of its own, and the rest of the environment reaches the services:
        LOG_LEVEL=info devstack run. Data and secrets stay in -dir, which is relative to the repository.

  devstack test [-redis auto|server|miniredis] [--] command arguments…
        runs a command with fresh stores, whose addresses it finds in TEST_MONGODB_URI and TEST_REDIS_URL, and
        ends with its exit code. Stores that these variables name already are used as they are.

MongoDB's protocol is served by FerretDB from SQLite files. Redis is valkey-server or redis-server where one is
installed (-redis server insists on it), else miniredis.
`

func main() {
	code, err := execute(os.Args[1:])
	if err != nil {
		_, _ = fmt.Fprintf(os.Stderr, "devstack: %v\n", err)
		code = max(code, 1)
	}
	os.Exit(code)
}

func execute(args []string) (code int, err error) {
	if len(args) == 0 {
		args = []string{"help"}
	}
	command := args[0]
	flags := flag.NewFlagSet(command, flag.ContinueOnError)
	flags.SetOutput(io.Discard) // main prints the fault, in one line
	redis := stores.Auto
	flags.Func("redis", "", func(name string) (err error) {
		redis, err = stores.ParseRedis(name)
		return err
	})
	listen, dir := new(string), new(string)
	switch command {
	case "run":
		flags.StringVar(listen, "listen", "127.0.0.1:9000", "")
		flags.StringVar(dir, "dir", ".local", "")
	case "test":
	case "help", "-h", "-help", "--help":
		_, _ = fmt.Fprint(os.Stdout, usage)
		return 0, nil
	default:
		return 2, fmt.Errorf("there is no command %q; see devstack -help", command)
	}

	err = flags.Parse(args[1:])
	switch {
	case errors.Is(err, flag.ErrHelp):
		_, _ = fmt.Fprint(os.Stdout, usage)
		return 0, nil
	case err != nil:
		return 2, fmt.Errorf("%w; see devstack -help", err)
	case command == "test" && flags.NArg() == 0:
		return 2, errors.New("test needs a command to run; see devstack -help")
	case command == "test":
		return testrun.Run(context.Background(), notify(), redis, flags.Args())
	case flags.NArg() > 0:
		return 2, fmt.Errorf("run takes no arguments, but there is %q; see devstack -help", flags.Arg(0))
	}
	return 0, run(*listen, *dir, redis)
}

func run(listen, dir string, redis stores.Redis) error {
	root, services, err := repository()
	if err != nil {
		return err
	}
	if !filepath.IsAbs(dir) {
		dir = filepath.Join(root, dir)
	}
	ctx, hurry := interrupted()
	return runner.Run(ctx, hurry, runner.Options{
		Root: root, Dir: dir, Listen: listen, Redis: redis,
		Services: services, Environ: os.Environ(), Output: os.Stdout,
	})
}

// sameInterrupt is how long a repeated signal counts as the first: timeout(1), for one, sends it twice.
const sameInterrupt = 500 * time.Millisecond

// interrupted returns a context that ends with the first Ctrl-C, and one that ends with the second.
func interrupted() (once, twice context.Context) {
	once, first := context.WithCancel(context.Background())
	twice, second := context.WithCancel(context.Background())
	signals := notify()
	go func() {
		<-signals
		first()
		since := time.Now()
		for range signals {
			if time.Since(since) > sameInterrupt {
				second()
			}
		}
	}()
	return once, twice
}

func notify() <-chan os.Signal {
	signals := make(chan os.Signal, 2)
	signal.Notify(signals, os.Interrupt, syscall.SIGTERM, syscall.SIGHUP)
	return signals
}

// repository finds the nearest folder, from the current one upwards, that holds services.
func repository() (root string, services []runner.Service, err error) {
	here, err := os.Getwd()
	if err != nil {
		return "", nil, err
	}
	for dir := here; ; dir = filepath.Dir(dir) {
		if services, err := runner.Find(dir); err != nil || len(services) > 0 {
			return dir, services, err
		}
		if dir == filepath.Dir(dir) {
			return "", nil, fmt.Errorf("%s is not in the repository: no folder above it holds the services", here)
		}
	}
}
