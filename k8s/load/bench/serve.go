package bench

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"time"

	"github.com/gin-gonic/gin"

	"streamgate/k8s/load/bench/mongo"
	"streamgate/k8s/load/bench/rig"
	"streamgate/libs/jwtauth"
)

// The servers that this program becomes when it is called as: bench serve <name> <address>.
const (
	emptyServer  = "gin"
	verifyServer = "gin-verify"
	mongoServer  = "mongo"
)

// Serve runs one of the servers that the others are compared with, until it is killed.
func Serve(ctx context.Context, name, addr string) error {
	var config net.ListenConfig
	listener, err := config.Listen(ctx, "tcp", addr)
	if err != nil {
		return fmt.Errorf("serve: %w", err)
	}
	if name == mongoServer {
		return mongo.Serve(listener)
	}
	gin.SetMode(gin.ReleaseMode)
	engine := gin.New()
	verifier := rig.Verifier(rig.PublicKey())
	engine.POST("/streams/:id/heartbeat", func(c *gin.Context) { //nolint:contextcheck // Authenticate takes the request's
		if name == verifyServer {
			if _, err := (jwtauth.Authenticator{Verifier: verifier}).Authenticate(c); err != nil {
				c.Status(http.StatusUnauthorized)
				return
			}
		}
		c.Status(http.StatusNoContent)
	})
	server := &http.Server{Handler: engine, ReadHeaderTimeout: 5 * time.Second}
	if err := server.Serve(listener); !errors.Is(err, http.ErrServerClosed) {
		return fmt.Errorf("serve: %w", err)
	}
	return nil
}

// startServer starts this program as one of the servers.
func startServer(ctx context.Context, name string) (*rig.Server, error) {
	program, err := os.Executable()
	if err != nil {
		return nil, fmt.Errorf("serve: %w", err)
	}
	return rig.Serve(ctx, name, func(addr string) *exec.Cmd {
		return exec.CommandContext(ctx, program, "serve", name, addr) //nolint:gosec // ourselves
	})
}
