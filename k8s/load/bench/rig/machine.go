package rig

import (
	"os"
	"slices"
	"strconv"
	"strings"
	"time"
)

// tick is the unit of /proc/stat, the same on every Linux.
const tick = time.Second / 100

// Busy returns the time for which the machine's cores were not idle, added up, including what its host withheld.
func Busy() time.Duration {
	text, _ := os.ReadFile("/proc/stat")
	line, _, _ := strings.Cut(string(text), "\n")
	fields := strings.Fields(line) // cpu user nice system idle iowait irq softirq steal …
	if len(fields) < 9 {
		return 0
	}
	var busy time.Duration
	for _, field := range slices.Concat(fields[1:4], fields[6:9]) {
		n, _ := strconv.ParseInt(field, 10, 64)
		busy += time.Duration(n) * tick
	}
	return busy
}
