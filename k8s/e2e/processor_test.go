package e2e

import (
	"bytes"
	"os"
	"strconv"
	"strings"
)

// processors returns for how long this machine's processors have been idle, and for how long they have run, since it
// started; in ticks, of which only the ratio is used. Without such a file both are 0: then the cluster may be elsewhere
// anyway.
func processors() (idle, all float64) {
	text, err := os.ReadFile("/proc/stat")
	if err != nil {
		return 0, 0
	}
	line, _, _ := bytes.Cut(text, []byte("\n"))
	for i, field := range strings.Fields(strings.TrimPrefix(string(line), "cpu")) {
		ticks, _ := strconv.ParseFloat(field, 64)
		if all += ticks; i == 3 || i == 4 { // idle, and waiting for a disk
			idle += ticks
		}
	}
	return idle, all
}
