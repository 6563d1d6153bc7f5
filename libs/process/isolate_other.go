//go:build !linux

package process

import (
	"os/exec"
	"syscall"
)

// isolate can't tie the lives together here: a process survives if its starter is killed by SIGKILL.
func isolate(cmd *exec.Cmd) {
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
}
