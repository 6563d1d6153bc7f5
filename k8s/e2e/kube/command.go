package kube

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"time"
)

// Run runs a program in the repository's folder, and returns what it wrote. If it failed, the error contains that as
// well.
func (c *Cluster) Run(ctx context.Context, name string, args ...string) (string, error) {
	command := exec.CommandContext(ctx, name, args...) //nolint:gosec // tools, by what the tests say
	command.Dir = c.root
	// A Helm that is killed leaves a release that can't be upgraded.
	command.Cancel = func() error { return command.Process.Signal(os.Interrupt) }
	command.WaitDelay = 20 * time.Second
	var stdout, stderr bytes.Buffer
	command.Stdout, command.Stderr = &stdout, &stderr
	if err := command.Run(); err != nil {
		said := strings.TrimSpace(stdout.String() + "\n" + stderr.String())
		return said, fmt.Errorf("%s %s: %w: %s", name, strings.Join(args, " "), err, said)
	}
	return stdout.String(), nil
}

// Helm runs helm.
func (c *Cluster) Helm(ctx context.Context, args ...string) (string, error) {
	return c.Run(ctx, "helm", append([]string{"--kube-context", c.context}, args...)...)
}

// Kubectl runs kubectl.
func (c *Cluster) Kubectl(ctx context.Context, args ...string) (string, error) {
	return c.Run(ctx, "kubectl", append([]string{"--context", c.context}, args...)...)
}
