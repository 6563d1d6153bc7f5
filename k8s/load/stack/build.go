package stack

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
)

// Root is the nearest folder, from the current one upwards, that holds the services.
func Root() (string, error) {
	here, err := os.Getwd()
	if err != nil {
		return "", err
	}
	for dir := here; ; dir = filepath.Dir(dir) {
		if _, err := os.Stat(filepath.Join(dir, "session-svc", "go.mod")); err == nil {
			return dir, nil
		}
		if dir == filepath.Dir(dir) {
			return "", errors.New("not in the repository: no folder above holds the services")
		}
	}
}

// Build builds a service from the source in a folder, as it is shipped. program is the file that it writes. overlay may
// be empty.
func Build(ctx context.Context, source, service, program, overlay string) error {
	args := []string{"-C", source, "build", "-trimpath", "-ldflags", "-s -w", "-o", program}
	if overlay != "" {
		args = append(args, "-overlay", overlay)
	}
	cmd := exec.CommandContext(ctx, "go", append(args, "./cmd/"+service)...) //nolint:gosec // our own sources
	cmd.Env = append(os.Environ(), "GOWORK=off", "CGO_ENABLED=0")
	if output, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("build %s: %w\n%s", service, err, output)
	}
	return nil
}
