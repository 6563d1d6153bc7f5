package stack

import (
	"context"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"time"

	"streamgate/libs/process"
)

// startTimeout is how long a program may take until it answers.
const startTimeout = 30 * time.Second

// start starts a program in a folder, where what it says goes to a file, and waits until it is ready.
func start(ctx context.Context, dir, name string, cmd *exec.Cmd, ready func(context.Context) error) (*process.Process, error) {
	log, err := os.OpenFile(filepath.Join(dir, name+".log"), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return nil, err
	}
	cmd.Dir = dir
	p, err := process.Start(name, cmd, process.NewOutput(log, ""))
	if err != nil {
		return nil, errors.Join(err, log.Close())
	}
	go func() {
		<-p.Done()
		_ = log.Close() // what it said last is told by errors
	}()
	ctx, cancel := context.WithTimeout(ctx, startTimeout)
	defer cancel()
	if err := p.Await(ctx, ready); err != nil {
		p.Kill()
		return nil, err
	}
	return p, nil
}
