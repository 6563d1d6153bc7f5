package main

import (
	"net/url"
	"os"
	"strings"
	"syscall"
	"testing"
)

func TestCommandFindsFreshStores(t *testing.T) {
	t.Parallel()
	temporary := t.TempDir()
	const script = `echo "at $TEST_MONGODB_URI $TEST_REDIS_URL"; exit 7`
	run := start(t, t.TempDir(), []string{"TMPDIR=" + temporary}, "test", "--", "sh", "-c", script)
	if code := run.exitCode(t); code != 7 {
		t.Errorf("exit code %d", code)
	}
	match := run.waitFor(t, `^at (mongodb://127\.0\.0\.1:\d+/) (redis://127\.0\.0\.1:\d+/0)\n$`)
	for _, address := range match[1:] {
		if u, err := url.Parse(address); err != nil || u.Port() == "0" {
			t.Errorf("%s: %v", address, err)
		}
	}
	if left, err := os.ReadDir(temporary); err != nil || len(left) > 0 {
		t.Errorf("left behind: %v, %v", left, err)
	}
}

func TestCommandFindsGivenStores(t *testing.T) {
	t.Parallel()
	given := []string{"TEST_MONGODB_URI=mongodb://db.example/", "TEST_REDIS_URL=redis://redis.example/3"}
	run := start(t, t.TempDir(), given, "test", "sh", "-c", `echo "at $TEST_MONGODB_URI $TEST_REDIS_URL"`)
	if code := run.exitCode(t); code != 0 || run.output.String() != "at mongodb://db.example/ redis://redis.example/3\n" {
		t.Errorf("%d: %s", code, run.output)
	}
}

func TestCommandIsInterrupted(t *testing.T) {
	t.Parallel()
	const script = `trap 'echo interrupted; exit 5' INT; echo waiting; while :; do sleep 0.1; done`
	run := start(t, t.TempDir(), nil, "test", "-redis=miniredis", "--", "sh", "-c", script)
	run.waitFor(t, "waiting\n")
	run.Signal(syscall.SIGINT)
	if code := run.exitCode(t); code != 5 || run.output.String() != "waiting\ninterrupted\n" {
		t.Errorf("%d: %s", code, run.output)
	}
}

func TestCommandLine(t *testing.T) {
	t.Parallel()
	tests := []struct {
		args []string
		code int
		says string
	}{
		{nil, 0, "devstack run [-listen"},
		{[]string{"-help"}, 0, "devstack test ["},
		{[]string{"run", "-help"}, 0, "devstack run [-listen"},
		{[]string{"walk"}, 2, `devstack: there is no command "walk"`},
		{[]string{"run", "fast"}, 2, `devstack: run takes no arguments, but there is "fast"`},
		{[]string{"run", "-speed=1"}, 2, "flag provided but not defined: -speed"},
		{[]string{"run"}, 1, "is not in the repository"},
		{[]string{"test"}, 2, "devstack: test needs a command"},
		{[]string{"test", "no-such-command"}, 1, "no-such-command"},
		{[]string{"test", "-redis=memcached", "true"}, 2, `invalid value "memcached" for flag -redis: it can be auto, server or miniredis`},
	}
	for _, test := range tests {
		run := start(t, t.TempDir(), nil, test.args...)
		if code := run.exitCode(t); code != test.code || !strings.Contains(run.output.String(), test.says) {
			t.Errorf("devstack %s: %d %s", strings.Join(test.args, " "), code, run.output)
		}
	}
}
