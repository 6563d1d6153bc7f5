package stack

import (
	"context"
	"errors"
	"os"
	"os/exec"
	"path/filepath"

	"streamgate/libs/process"
)

// start starts a program in a folder, writes its output to a file, and waits until it is ready.
func start(ctx context.Context, dir, name string, cmd *exec.Cmd, ready func(context.Context) error) (*process.Process, error) {
	log, err := os.OpenFile(filepath.Join(dir, name+".log"), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return nil, err
	}
	cmd.Dir = dir
	p, err := process.StartReady(ctx, name, cmd, process.NewOutput(log, ""), ready)
	if err != nil {
		return nil, errors.Join(err, log.Close())
	}
	go func() {
		<-p.Done()
		_ = log.Close() // what it said last is told by errors
	}()
	return p, nil
}
