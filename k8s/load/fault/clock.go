package fault

import (
	"bytes"
	"context"
	_ "embed"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"
)

// stepVariable names the variable that leads a program to the file with its clock's step.
const stepVariable = "CLOCK_STEP_FILE"

//go:embed clock/clock.c
var preload []byte

//go:embed clock/step.go.txt
var stepSource []byte

// Clock is the wall clock of one process, which can be set forward and back while all other clocks are right.
type Clock struct {
	file string
	step time.Duration
}

// NewClock returns a clock that is right.
func NewClock(dir, name string) (*Clock, error) {
	c := &Clock{file: filepath.Join(dir, name+".step")}
	return c, os.WriteFile(c.file, make([]byte, 8), 0o600)
}

// Step sets the clock forward, or back, by whole seconds.
func (c *Clock) Step(by time.Duration) error {
	c.step += by
	f, err := os.OpenFile(c.file, os.O_WRONLY, 0)
	if err != nil {
		return err
	}
	if _, err := f.Write(binary.LittleEndian.AppendUint64(nil, uint64(c.step/time.Second))); err != nil { //nolint:gosec // as the reader has it
		_ = f.Close() // the first error counts
		return err
	}
	return f.Close()
}

// Env returns the variables that give a program this clock. library is the file of BuildLibrary, or "" for a program
// that was built with the overlay of BuildOverlay.
func (c *Clock) Env(library string) []string {
	env := []string{stepVariable + "=" + c.file}
	if library != "" {
		env = append(env, "LD_PRELOAD="+library)
	}
	return env
}

// BuildLibrary compiles the library that gives a program in C, such as Redis, a Clock.
func BuildLibrary(ctx context.Context, dir string) (string, error) {
	source, library := filepath.Join(dir, "clock.c"), filepath.Join(dir, "clock.so")
	if err := os.WriteFile(source, preload, 0o600); err != nil {
		return "", err
	}
	cmd := exec.CommandContext(ctx, "cc", "-O1", "-shared", "-fPIC", "-o", library, source) //nolint:gosec // files of our own
	if output, err := cmd.CombinedOutput(); err != nil {
		return "", fmt.Errorf("compile clock.c (it needs a C compiler): %w\n%s", err, output)
	}
	return library, nil
}

// now is the line of Go's package time that reads the clock.
const now = "sec, nsec, mono := runtimeNow()\n"

// BuildOverlay writes what go build -overlay needs to build a program in Go with a Clock: Go asks the kernel itself, so nothing can be
// preloaded; instead time.Now adds the step.
func BuildOverlay(ctx context.Context, dir string) (string, error) {
	root, err := exec.CommandContext(ctx, "go", "env", "GOROOT").Output()
	if err != nil {
		return "", fmt.Errorf("go env GOROOT: %w", err)
	}
	folder := filepath.Join(string(bytes.TrimSpace(root)), "src", "time")
	source, err := os.ReadFile(filepath.Join(folder, "time.go"))
	if err != nil {
		return "", err
	}
	begin := strings.Index(string(source), "func Now() Time {")
	if begin < 0 || strings.Count(string(source[begin:begin+200]), now) != 1 {
		return "", fmt.Errorf("%s/time.go reads the clock in another way than Go 1.26's", folder)
	}
	changed := string(source[:begin]) + strings.Replace(string(source[begin:]), now, now+"\tsec += stepped()\n", 1)
	replaced := map[string]string{
		filepath.Join(folder, "time.go"):       filepath.Join(dir, "time.go"),
		filepath.Join(folder, "clock_step.go"): filepath.Join(dir, "clock_step.go"),
	}
	overlay, err := json.Marshal(map[string]any{"Replace": replaced})
	if err != nil {
		return "", err
	}
	for name, text := range map[string][]byte{"time.go": []byte(changed), "clock_step.go": stepSource, "overlay.json": overlay} {
		if err := os.WriteFile(filepath.Join(dir, name), text, 0o600); err != nil {
			return "", err
		}
	}
	return filepath.Join(dir, "overlay.json"), nil
}
