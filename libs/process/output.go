package process

import (
	"bytes"
	"io"
	"slices"
	"strings"
	"sync"
)

// keptLines is the number of lines of a program's output that are shown again when it fails.
const keptLines = 20

// Output passes a program's lines on, each with a prefix, and keeps the last ones. It may be the standard output and
// the standard error of the same program at once.
type Output struct {
	to     io.Writer
	prefix string

	mu    sync.Mutex
	begun []byte // a line that is not complete yet
	last  []string
}

// NewOutput returns an output that passes lines on to a writer, which must allow concurrent use.
func NewOutput(to io.Writer, prefix string) *Output {
	return &Output{to: to, prefix: prefix}
}

// Write never fails: a program must not end because its output is not read.
func (o *Output) Write(p []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.begun = append(o.begun, p...)
	for {
		line, rest, ended := bytes.Cut(o.begun, []byte("\n"))
		if !ended {
			return len(p), nil
		}
		o.pass(string(line))
		o.begun = slices.Clone(rest)
	}
}

func (o *Output) pass(line string) {
	_, _ = io.WriteString(o.to, o.prefix+line+"\n")
	o.last = append(o.last, line)
	if len(o.last) > keptLines {
		o.last = o.last[1:]
	}
}

// Last returns the last lines, including an incomplete one.
func (o *Output) Last() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	lines := o.last
	if len(o.begun) > 0 {
		lines = append(slices.Clone(lines), string(o.begun))
	}
	return strings.Join(lines, "\n")
}
