package runner

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os/exec"
	"path/filepath"
	"time"

	"streamgate/libs/process"
)

// build compiles the services one after the other: they share most packages, which are thus compiled only once.
func build(ctx context.Context, o Options) error {
	goCommand, err := exec.LookPath("go")
	if err != nil {
		return errors.New("there is no go command in PATH: install Go 1.26 or newer from https://go.dev/dl/")
	}
	started := time.Now()
	for _, service := range o.Services {
		_, _ = fmt.Fprintf(o.Output, "building %s …\n", service.Name)
		if err := buildOne(ctx, goCommand, service.Name, o); err != nil {
			return fmt.Errorf("building %s failed: %w", service.Name, err)
		}
	}
	_, _ = fmt.Fprintf(o.Output, "built in %s\n", time.Since(started).Round(100*time.Millisecond))
	return nil
}

func buildOne(ctx context.Context, goCommand, name string, o Options) error {
	compiler, err := process.Start("go build", &exec.Cmd{
		Path: goCommand,
		Args: []string{goCommand, "build", "-o", binary(o.Dir, name), "./cmd/" + name},
		Dir:  filepath.Join(o.Root, name),
		Env:  o.Environ,
	}, process.NewOutput(io.Discard, ""))
	if err != nil {
		return err
	}
	select {
	case <-compiler.Done():
	case <-ctx.Done():
		compiler.Kill() // the next build starts from scratch anyway
		return ctx.Err()
	}
	if compiler.ExitCode() != 0 {
		return compiler.End()
	}
	return nil
}

func binary(dir, name string) string { return filepath.Join(dir, "bin", name) }
