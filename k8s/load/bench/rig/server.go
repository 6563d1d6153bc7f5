package rig

import (
	"context"
	"io"
	"net"
	"os/exec"

	"streamgate/libs/process"
)

// Server is a program that listens at an address of the loopback interface.
type Server struct {
	*process.Process

	Addr string
}

// Serve starts a program that listens where it is told to, and waits until it does.
func Serve(ctx context.Context, name string, command func(addr string) *exec.Cmd) (*Server, error) {
	addr, err := freeAddr(ctx)
	if err != nil {
		return nil, err
	}
	p, err := start(ctx, name, command(addr), func(ctx context.Context) error {
		c, err := (&net.Dialer{}).DialContext(ctx, "tcp", addr)
		if err == nil {
			err = c.Close()
		}
		return err
	})
	if err != nil {
		return nil, err
	}
	return &Server{p, addr}, nil
}

func freeAddr(ctx context.Context) (string, error) { return process.FreeAddr(ctx, "127.0.0.1:0") }

// start starts a program, and waits until it is ready.
func start(ctx context.Context, name string, cmd *exec.Cmd, ready func(context.Context) error) (*process.Process, error) {
	return process.StartReady(ctx, name, cmd, process.NewOutput(io.Discard, ""), ready)
}
