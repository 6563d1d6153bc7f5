package node

import (
	"context"
	"embed"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"time"

	"streamgate/k8s/load/bench/rig"
)

//go:embed server.js package.json package-lock.json
var files embed.FS

// Secret signs the tokens of the service.
const Secret = "not a secret"

// Install writes the service to a folder and fetches its packages with npm, unless that was done before.
func Install(ctx context.Context, folder string) error {
	if err := os.MkdirAll(folder, 0o750); err != nil {
		return fmt.Errorf("node: %w", err)
	}
	for _, name := range []string{"server.js", "package.json", "package-lock.json"} {
		text, err := files.ReadFile(name)
		if err != nil {
			return fmt.Errorf("node: %w", err)
		}
		if err := os.WriteFile(filepath.Join(folder, name), text, 0o600); err != nil {
			return fmt.Errorf("node: %w", err)
		}
	}
	ctx, cancel := context.WithTimeout(ctx, 2*time.Minute)
	defer cancel()
	install := exec.CommandContext(ctx, "npm", "ci", "--omit=dev", "--ignore-scripts", "--no-audit", "--no-fund", "--prefer-offline")
	install.Dir = folder
	if out, err := install.CombinedOutput(); err != nil {
		return fmt.Errorf("npm ci: %w: %s", err, out)
	}
	return nil
}

// Start starts the service over a MongoDB.
func Start(ctx context.Context, folder, mongo string) (*rig.Server, error) {
	return rig.Serve(ctx, "node", func(addr string) *exec.Cmd {
		cmd := exec.CommandContext(ctx, "node", "server.js")
		cmd.Dir = folder
		cmd.Env = append(os.Environ(), "NODE_ENV=production", "ADDR="+addr, "MONGODB_URI=mongodb://"+mongo, "SECRET="+Secret)
		return cmd
	})
}
