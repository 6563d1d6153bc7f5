package process

import (
	"os"
	"strconv"
	"strings"
	"time"
)

// tick is the unit of /proc/<pid>/stat, the same on every Linux.
const tick = time.Second / 100

// CPU returns the time that the process has used, in user and kernel mode; 0 when it has ended, or on a system without /proc.
func (p *Process) CPU() time.Duration {
	text, _ := os.ReadFile(p.proc("stat"))
	_, rest, _ := strings.Cut(string(text), ") ") // the name may have spaces
	fields := strings.Fields(rest)
	if len(fields) < 13 {
		return 0
	}
	user, _ := strconv.ParseInt(fields[11], 10, 64)
	kernel, _ := strconv.ParseInt(fields[12], 10, 64)
	return time.Duration(user+kernel) * tick
}

// Memory returns the process's resident memory in bytes; 0 when it has ended, or on a system without /proc.
func (p *Process) Memory() int64 {
	text, _ := os.ReadFile(p.proc("status"))
	_, rest, _ := strings.Cut(string(text), "\nVmRSS:")
	kib, _, _ := strings.Cut(rest, " kB\n")
	n, _ := strconv.ParseInt(strings.TrimSpace(kib), 10, 64)
	return n << 10
}

func (p *Process) proc(file string) string { return "/proc/" + strconv.Itoa(p.pid) + "/" + file }
