package runner

import (
	"errors"
	"fmt"
	"io"
	"os/exec"
	"strings"
	"time"

	"streamgate/libs/devstack/internal/process"
)

// child is a service that runs.
type child struct {
	service Service
	listen  addresses
	env     variables
	process *process.Process
	output  *process.Output

	ready  time.Duration // from its start
	memory int64         // resident bytes at rest, 0 if unknown
}

func startChild(service Service, dir string, env variables, listen addresses, output io.Writer) (*child, error) {
	c := &child{service: service, listen: listen, env: env, output: process.NewOutput(output, fmt.Sprintf("%-11s | ", service.Name))}
	program := binary(dir, service.Name)
	var err error
	c.process, err = process.Start(&exec.Cmd{
		Path: program, Args: []string{program}, Env: env.environ(),
		Stdout: c.output, Stderr: c.output,
	})
	return c, err
}

// err tells how a service ended that should not have.
func (c *child) err() error {
	text := fmt.Sprintf("%s ended with exit code %d", c.service.Name, process.ExitCode(c.process.Wait()))
	if last := c.output.Last(); last != "" {
		text += "; its last lines:\n  " + strings.ReplaceAll(last, "\n", "\n  ")
	}
	return errors.New(text)
}
