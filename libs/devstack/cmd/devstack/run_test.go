package main

import (
	"maps"
	"net/http"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"streamgate/libs/testkit"
)

// These tests run one after the other, since each needs the services' usual ports.

const ready = `Streamgate is ready on (http://127\.0\.0\.1:(\d+))`

func TestRun(t *testing.T) {
	root := standIns(t)
	stack := start(t, root, []string{"LEASE=3s"}, "run", "-listen", "127.0.0.1:0", "-redis", "miniredis")
	match := stack.waitFor(t, ready)
	url, port := match[1], match[2]

	// The report tells what runs where.
	for _, pattern := range []string{
		`  user-svc +127\.0\.0\.1:\d+ +127\.0\.0\.1:\d+ +127\.0\.0\.1:\d+ +\d+ ms +`,
		`  session-svc +127`, `  content-svc +127`,
		`  MongoDB +FerretDB on SQLite +mongodb://127\.0\.0\.1:\d+/ +\.local/mongodb\n`,
		`  Redis +miniredis +redis://127\.0\.0\.1:\d+/0 +\.local/redis/miniredis\.json\n`,
		url + `/docs/user-svc`, `admin@example\.com, password: ADMIN_PASSWORD in \.local/secrets\.env\n`,
		`curl -X POST http://0\.0\.0\.0:` + port + `/users -i -d "email=test@example\.com&password=123456"\n`,
	} {
		stack.waitFor(t, pattern)
	}

	// The front leads to the services, which know each other's addresses.
	services := map[string]string{}
	for path, service := range map[string]string{"/users/me": "user-svc", "/content": "session-svc", "/media/x/y": "content-svc"} {
		services[service] = get(t, url+path, http.StatusOK)
		if name, _, _ := strings.Cut(services[service], "\n"); name != service {
			t.Errorf("%s: from %q, want %s", path, name, service)
		}
	}
	get(t, url+"/nothing", http.StatusNotFound)
	expectVariables(t, services, root)

	// Neither the folder nor the address is free now.
	other := start(t, root, nil, "run", "-listen", "127.0.0.1:0")
	if code := other.exitCode(t); code != 1 || !strings.Contains(other.output.String(), "is in use by another devstack") {
		t.Errorf("a second one in the same folder ended with %d: %s", code, other.output)
	}
	other = start(t, root, nil, "run", "-listen", "127.0.0.1:"+port, "-dir", t.TempDir())
	if code := other.exitCode(t); code != 1 || !strings.Contains(other.output.String(), "port "+port+" is taken") ||
		!strings.Contains(other.output.String(), "-listen") || strings.Count(other.output.String(), "\n") != 1 {
		t.Errorf("a second one at the same address ended with %d: %s", code, other.output)
	}

	// Ctrl-C ends all of it in order.
	stack.Signal(syscall.SIGINT)
	if code := stack.exitCode(t); code != 0 {
		t.Errorf("exit code %d", code)
	}
	if got, want := strings.Count(stack.output.String(), "| goodbye\n"), len(found(t)); got != want {
		t.Errorf("%d of %d services ended by themselves", got, want)
	}
	stack.noneLeft(t)
	expectRestart(t, root, services["session-svc"])
}

func expectVariables(t *testing.T, services map[string]string, root string) {
	t.Helper()
	media := "MEDIA_URL=file://" + root + "/.local/media"
	for service, variables := range map[string][]string{
		"user-svc":    {"\nMONGODB_URI=mongodb://127.0.0.1:", "\nADMIN_PASSWORD=", "\nTOKEN_KEY_FILES=" + root + "/.local/token-key.pem\n"},
		"session-svc": {"\nREDIS_URL=redis://127.0.0.1:", "\nLEASE=3s\n", "\nREFRESH_KEYS=", line(services["content-svc"], "GRANT_KEYS=")},
		"content-svc": {"\nMONGODB_URI=mongodb://127.0.0.1:", media, "\nSECRETS_TO_SESSION_SVC="},
	} {
		for _, variable := range variables {
			if !strings.Contains(services[service], variable) {
				t.Errorf("%s was not given %q", service, variable)
			}
		}
	}
	// Each pair of caller and called service has a secret of its own, which nobody else gets.
	secret := func(service, variable string) string {
		return strings.TrimPrefix(line(services[service], variable+"="), "\n"+variable+"=")
	}
	pairs := map[string]bool{}
	for _, pair := range [][2]string{{"user", "session"}, {"content", "session"}, {"session", "user"}, {"session", "content"}} {
		sent := secret(pair[0]+"-svc", "SECRETS_TO_"+strings.ToUpper(pair[1])+"_SVC")
		if accepted := secret(pair[1]+"-svc", "SECRETS_FROM_"+strings.ToUpper(pair[0])+"_SVC"); sent != accepted || len(sent) < 40 || pairs[sent] {
			t.Errorf("%s shows %q, which expects %q", pair, sent, accepted)
		}
		pairs[sent] = true
		if n := strings.Count(strings.Join(slices.Collect(maps.Values(services)), ""), strings.TrimSpace(sent)); n != 2 {
			t.Errorf("%d environments have the secret of %s", n, pair)
		}
	}
	if strings.Contains(services["content-svc"], "ADMIN_PASSWORD=") {
		t.Error("content-svc was given the password of the administrator")
	}
	info, err := os.Stat(filepath.Join(root, ".local", "secrets.env"))
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("the secrets: %v, %v", info.Mode(), err)
	}
}

// expectRestart starts the stack again, from a folder of the repository, and checks that the secrets are the same.
func expectRestart(t *testing.T, root, sessionService string) {
	t.Helper()
	again := start(t, filepath.Join(root, "user-svc", "cmd"), nil, "run", "-listen", "127.0.0.1:0", "-redis", "miniredis")
	url := again.waitFor(t, ready)[1]
	if body := get(t, url+"/content", http.StatusOK); line(body, "GRANT_KEYS=") != line(sessionService, "GRANT_KEYS=") {
		t.Error("other secrets after a restart")
	}
	again.Signal(syscall.SIGTERM)
	if code := again.exitCode(t); code != 0 {
		t.Errorf("exit code %d", code)
	}
	again.noneLeft(t)
}

// get returns the body of an answer that must have this status.
func get(t *testing.T, url string, status int) string {
	t.Helper()
	return string(testkit.Do(t, http.MethodGet, url, "").Want(t, status).Body)
}

// line returns the line that begins with the prefix, with the line breaks around it.
func line(text, prefix string) string {
	_, rest, _ := strings.Cut(text, "\n"+prefix)
	value, _, _ := strings.Cut(rest, "\n")
	return "\n" + prefix + value + "\n"
}

// While a service holds requests back, the stack doesn't say that it is ready.
func TestReadyWaitsForAHold(t *testing.T) {
	const hold = 6 * time.Second
	stack := start(t, standIns(t), []string{"STANDIN_HOLDS=" + hold.String()}, "run", "-listen", "127.0.0.1:0", "-redis", "miniredis")
	stack.waitFor(t, `waiting for session-svc, which holds requests back for a moment: stream_hold_seconds is [0-9.]+\n`)
	if strings.Contains(stack.output.String(), "Streamgate is ready") {
		t.Error("it says that it is ready")
	}
	waited := time.Now()
	stack.waitFor(t, ready)
	if strings.Count(stack.output.String(), "holds requests back") != 1 {
		t.Error("it says so more than once")
	}
	if took := time.Since(waited); took > hold+5*time.Second {
		t.Errorf("it waited for %v more", took)
	}
}

func TestServiceThatDoesNotStart(t *testing.T) {
	stack := start(t, standIns(t), []string{"STANDIN_FAILS=user-svc"}, "run", "-listen", "127.0.0.1:0")
	if code := stack.exitCode(t); code != 1 {
		t.Errorf("exit code %d", code)
	}
	stack.waitFor(t, `\ndevstack: user-svc ended with exit code 3; its last lines:\n  there is no licence\n$`)
	stack.noneLeft(t)
}

func TestServiceThatCrashes(t *testing.T) {
	stack := start(t, standIns(t), nil, "run", "-listen", "127.0.0.1:0")
	url := stack.waitFor(t, ready)[1]
	testkit.Do(t, http.MethodGet, url+"/users/crash", "").Problem(t, http.StatusBadGateway, "bad_gateway")
	if code := stack.exitCode(t); code != 1 {
		t.Errorf("exit code %d", code)
	}
	stack.waitFor(t, `\ndevstack: user-svc ended with exit code 4; its last lines:\n  a wire has come loose\n$`)
	stack.noneLeft(t)
}

func TestNothingOutlivesSIGKILL(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("only Linux ends a process with its parent")
	}
	stack := start(t, standIns(t), nil, "run", "-listen", "127.0.0.1:0")
	stack.waitFor(t, ready)
	stack.Signal(syscall.SIGKILL)
	stack.exitCode(t)
	stack.noneLeft(t)
}

func TestSecondInterruptKills(t *testing.T) {
	stack := start(t, standIns(t), []string{"STANDIN_STUBBORN=session-svc"}, "run", "-listen", "127.0.0.1:0", "-redis", "miniredis")
	stack.waitFor(t, ready)
	testkit.Eventually(t, "the end", func() bool {
		stack.Signal(syscall.SIGINT) // one right after the first does not count
		select {
		case <-stack.Done():
			return true
		default:
			return false
		}
	})
	stack.waitFor(t, `\ndevstack: session-svc had to be killed: context canceled\n$`)
	stack.noneLeft(t)
}

func TestServiceThatDoesNotCompile(t *testing.T) {
	root := standIns(t)
	file := filepath.Join(root, "user-svc", "cmd", "user-svc", "main.go")
	if err := os.WriteFile(file, []byte("package main\n\nfunc main() { nonsense }\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	stack := start(t, root, nil, "run", "-listen", "127.0.0.1:0")
	if code := stack.exitCode(t); code != 1 {
		t.Errorf("exit code %d", code)
	}
	stack.waitFor(t, `devstack: building user-svc failed: go build ended with exit code 1; its last lines:\n(.*\n)*.*undefined: nonsense`)
}

func TestMachineWithoutGo(t *testing.T) {
	stack := start(t, standIns(t), []string{"PATH=" + t.TempDir()}, "run", "-listen", "127.0.0.1:0")
	if code := stack.exitCode(t); code != 1 || stack.output.String() !=
		"devstack: there is no go command in PATH: install Go 1.26 or newer from https://go.dev/dl/\n" {
		t.Errorf("%d: %s", code, stack.output)
	}
}
