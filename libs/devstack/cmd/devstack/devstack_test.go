package main

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"streamgate/libs/devstack/internal/runner"
)

// TestMain lets the test binary be devstack itself, so that the tests can start it, signal it and kill it.
func TestMain(m *testing.M) {
	if os.Getenv("DEVSTACK_TEST_IS_DEVSTACK") != "" {
		main()
		return
	}
	os.Exit(m.Run())
}

// started is a devstack that a test has started.
type started struct {
	cmd    *exec.Cmd
	output *lockedBuffer
	pids   string // a folder, where each stand-in leaves its process id
	ended  chan struct{}
}

// start runs devstack in a folder, without the stores that the test itself may have been given.
func start(t *testing.T, dir string, variables []string, args ...string) *started {
	t.Helper()
	s := &started{cmd: exec.Command(os.Args[0], args...), output: &lockedBuffer{}, pids: t.TempDir(), ended: make(chan struct{})}
	s.cmd.Dir = dir
	s.cmd.Env = append(os.Environ(), "DEVSTACK_TEST_IS_DEVSTACK=yes", "STANDIN_PIDS="+s.pids,
		"TEST_MONGODB_URI=", "TEST_REDIS_URL=", "MONGODB_URI=", "REDIS_URL=")
	s.cmd.Env = append(s.cmd.Env, variables...)
	s.cmd.Stdout, s.cmd.Stderr = s.output, s.output
	if err := s.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	go func() {
		defer close(s.ended)
		_ = s.cmd.Wait()
	}()
	t.Cleanup(func() {
		_ = s.cmd.Process.Kill()
		<-s.ended
		if t.Failed() {
			t.Logf("devstack %s:\n%s", strings.Join(args, " "), s.output)
		}
	})
	return s
}

func (s *started) signal(t *testing.T, signal os.Signal) {
	t.Helper()
	if err := s.cmd.Process.Signal(signal); err != nil {
		t.Fatal(err)
	}
}

// exitCode waits for the end.
func (s *started) exitCode(t *testing.T) int {
	t.Helper()
	select {
	case <-s.ended:
	case <-time.After(time.Minute):
		t.Fatalf("still running:\n%s", s.output)
	}
	return s.cmd.ProcessState.ExitCode()
}

// waitFor waits until the output matches, and gives the match and its groups.
func (s *started) waitFor(t *testing.T, pattern string) []string {
	t.Helper()
	expression := regexp.MustCompile(pattern)
	var match []string
	eventually(t, "output like "+pattern, func() bool {
		match = expression.FindStringSubmatch(s.output.String())
		select {
		case <-s.ended:
			return true
		default:
			return match != nil
		}
	})
	if match == nil {
		t.Fatalf("ended without output like %s:\n%s", pattern, s.output)
	}
	return match
}

// noneLeft waits until every stand-in that was started has ended.
func (s *started) noneLeft(t *testing.T) {
	t.Helper()
	files, err := os.ReadDir(s.pids)
	if want := len(found(t)); err != nil || len(files) != want {
		t.Errorf("%d stand-ins were started, %v", len(files), err)
	}
	for _, file := range files {
		text, _ := os.ReadFile(filepath.Join(s.pids, file.Name()))
		pid, err := strconv.Atoi(string(text))
		if err != nil {
			t.Fatal(err)
		}
		eventually(t, "the end of "+file.Name(), func() bool { return !runs(pid) })
	}
}

// runs is false also for a zombie, which nobody may have waited for.
func runs(pid int) bool {
	if stat, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/stat"); err == nil {
		_, rest, _ := strings.Cut(string(stat), ") ")
		return !strings.HasPrefix(rest, "Z")
	}
	return syscall.Kill(pid, 0) == nil
}

func eventually(t *testing.T, what string, happened func() bool) {
	t.Helper()
	deadline := time.After(3 * time.Minute) // the stand-ins are compiled, maybe on a busy machine
	poll := time.NewTicker(10 * time.Millisecond)
	defer poll.Stop()
	for !happened() {
		select {
		case <-poll.C:
		case <-deadline:
			t.Fatalf("waited too long for %s", what)
		}
	}
}

func get(t *testing.T, url string) (status int, body string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		t.Fatal(err)
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	return response.StatusCode, string(text)
}

// lockedBuffer is written by the running program while a test reads it.
type lockedBuffer struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (b *lockedBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.text.Write(p)
}

func (b *lockedBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.text.String()
}

// found are the services of this repository.
func found(t *testing.T) []runner.Service {
	t.Helper()
	services, err := runner.Find(repositoryRoot)
	if err != nil {
		t.Fatal(err)
	}
	return services
}

const repositoryRoot = "../../../.."

// standIns writes a repository whose services are stand-ins.
func standIns(t *testing.T) string {
	t.Helper()
	root := t.TempDir()
	source, err := os.ReadFile("testdata/standin.go.txt")
	if err != nil {
		t.Fatal(err)
	}
	for _, service := range found(t) {
		settings, err := os.ReadFile(filepath.Join(repositoryRoot, service.Name, "run.yaml"))
		if err != nil {
			t.Fatal(err)
		}
		command := filepath.Join(root, service.Name, "cmd", service.Name)
		err = errors.Join(
			os.MkdirAll(command, 0o700),
			os.WriteFile(filepath.Join(command, "main.go"), source, 0o600),
			os.WriteFile(filepath.Join(root, service.Name, "go.mod"), []byte("module standin\n\ngo 1.26\n"), 0o600),
			os.WriteFile(filepath.Join(root, service.Name, "run.yaml"), settings, 0o600),
		)
		if err != nil {
			t.Fatal(err)
		}
	}
	return root
}
