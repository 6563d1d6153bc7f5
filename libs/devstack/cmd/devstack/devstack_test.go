package main

import (
	"context"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"streamgate/libs/devstack/internal/runner"
	"streamgate/libs/process"
	"streamgate/libs/testkit"
)

// TestMain makes the test binary devstack itself, so that the tests can start it, signal it and kill it.
func TestMain(m *testing.M) {
	if os.Getenv("DEVSTACK_TEST_IS_DEVSTACK") != "" {
		main()
		return
	}
	os.Exit(m.Run())
}

// started is a devstack that a test has started.
type started struct {
	*process.Process

	output *testkit.Log
	pids   string // a folder, where each stand-in leaves its process id
}

// start runs devstack in a folder, without the stores that the test itself may have got.
func start(t *testing.T, dir string, variables []string, args ...string) *started {
	t.Helper()
	s := &started{output: &testkit.Log{}, pids: t.TempDir()}
	cmd := exec.Command(os.Args[0], args...)
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "DEVSTACK_TEST_IS_DEVSTACK=yes", "STANDIN_PIDS="+s.pids, "STANDIN_COUNT="+strconv.Itoa(len(found(t))),
		"TEST_MONGODB_URI=", "TEST_REDIS_URL=", "MONGODB_URI=", "REDIS_URL=")
	cmd.Env = append(cmd.Env, variables...)
	var err error
	if s.Process, err = process.Start("devstack", cmd, process.NewOutput(s.output, "")); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		s.Kill()
		if t.Failed() {
			t.Logf("devstack %s:\n%s", strings.Join(args, " "), s.output)
		}
	})
	return s
}

// exitCode waits for the end.
func (s *started) exitCode(t *testing.T) int {
	t.Helper()
	select {
	case <-s.Done():
	case <-time.After(time.Minute):
		t.Fatalf("still running:\n%s", s.output)
	}
	return s.ExitCode()
}

// waitFor waits until the output matches, and returns the match and its groups.
func (s *started) waitFor(t *testing.T, pattern string) []string {
	t.Helper()
	expression := regexp.MustCompile(pattern)
	var match []string
	ctx, cancel := context.WithTimeout(t.Context(), 3*time.Minute) // the stand-ins are compiled, maybe on a busy machine
	defer cancel()
	matches := func(context.Context) error {
		if match = expression.FindStringSubmatch(s.output.String()); match == nil {
			return errors.New("no output like " + pattern)
		}
		return nil
	}
	if err := s.Await(ctx, matches); err != nil && matches(ctx) != nil { // its last words may match
		t.Fatal(err)
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
		testkit.Eventually(t, "the end of "+file.Name(), func() bool { return !runs(pid) })
	}
}

// runs is false also for a zombie, which may never be waited for.
func runs(pid int) bool {
	if stat, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/stat"); err == nil {
		_, rest, _ := strings.Cut(string(stat), ") ")
		return !strings.HasPrefix(rest, "Z")
	}
	return syscall.Kill(pid, 0) == nil
}

// found returns the services of this repository.
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
