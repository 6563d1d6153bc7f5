package runner

import (
	"context"
	"fmt"
	"io"
	"os/exec"
	"strconv"
	"strings"
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
	if err != nil || c.service.Holds == "" {
		return err
	}
	said = time.Time{}
	return c.process.Await(ctx, func(ctx context.Context) error {
		err := c.holdsNothing(ctx)
		if err != nil && time.Since(said) > waitNotice {
			say("waiting for %s, which holds requests back for a moment: %v", c.service.Name, err)
			said = time.Now()
		}
		return err
	})
}

// holdsNothing fails while the service's metric says that it holds requests back.
func (c *child) holdsNothing(ctx context.Context) error {
	metrics, err := process.Get(ctx, "http://"+c.listen.operations+"/metrics")
	if err != nil {
		return err
	}
	for line := range strings.Lines(metrics) {
		if value, ok := strings.CutPrefix(line, c.service.Holds+" "); ok {
			if number, err := strconv.ParseFloat(strings.TrimSpace(value), 64); err != nil || number > 0 {
				return fmt.Errorf("%s is %s", c.service.Holds, strings.TrimSpace(value))
			}
			return nil
		}
	}
	return fmt.Errorf("it has no metric %s", c.service.Holds)
}
