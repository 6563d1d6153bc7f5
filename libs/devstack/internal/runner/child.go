package runner

import (
	"context"
	"fmt"
	"io"
	"os/exec"
	"time"

	"streamgate/libs/process"
)

// child is a running service.
type child struct {
	service Service
	listen  addresses
	env     variables
	process *process.Process

	ready  time.Duration // from its start
	memory int64         // resident bytes at rest, 0 if unknown
}

func startChild(service Service, dir string, env variables, listen addresses, output io.Writer) (*child, error) {
	c := &child{service: service, listen: listen, env: env}
	program := binary(dir, service.Name)
	var err error
	c.process, err = process.Start(service.Name, &exec.Cmd{Path: program, Args: []string{program}, Env: env.environ()},
		process.NewOutput(output, fmt.Sprintf("%-11s | ", service.Name)))
	return c, err
}

// waitNotice is how often to say that a service is not ready yet.
const waitNotice = 10 * time.Second

// untilReady waits until the service is ready.
func (c *child) untilReady(ctx context.Context, say func(format string, args ...any)) error {
	answers := process.Answers("http://" + c.listen.operations + "/readyz")
	said := time.Now()
	err := c.process.Await(ctx, func(ctx context.Context) error {
		err := answers(ctx)
		if err != nil && time.Since(said) > waitNotice {
			say("still waiting for %s: %v", c.service.Name, err)
			said = time.Now()
		}
		return err
	})
	c.ready = time.Since(c.process.Started)
	return err
}
