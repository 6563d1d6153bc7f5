package httpapi_test

import (
	"bufio"
	"errors"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/go-json-experiment/json"
	"go.yaml.in/yaml/v4"

	"streamgate/libs/process"
	"streamgate/libs/testkit"
	"streamgate/session-svc/api"
	"streamgate/session-svc/internal/config"
	issuers "streamgate/session-svc/internal/issuer"
)

const players = "../../../charts/doors/players.md"

// The page of docs for players: its commands are run, and print what it says. Its JavaScript is what make screens plays with.
func TestTheCommandsForPlayers(t *testing.T) {
	t.Parallel()
	for _, program := range []string{"bash", "curl"} {
		if _, err := exec.LookPath(program); err != nil {
			t.Skipf("needs %s (Debian: apt-get install %s)", program, program)
		}
	}
	page, err := os.ReadFile(players)
	if err != nil {
		t.Fatal(err)
	}
	g := start(t, reports(time.Minute))
	g.neigh.src = "https://cdn.example.com/film/master.m3u8"
	tv := g.signIn(t, "TV")

	parts := strings.Split(string(page), "```") // prose and JavaScript, in turn
	var script strings.Builder
	var printed []string // what the page says that each command prints
	for n := 0; n < len(parts); n += 2 {
		prints := false
		for line := range strings.Lines(parts[n]) {
			line, indented := strings.CutPrefix(strings.TrimRight(line, "\n"), "    ")
			command, isCommand := strings.CutPrefix(line, "$ ")
			switch {
			case indented && isCommand:
				script.WriteString("echo '==='\n" + command + "\n")
				printed = append(printed, "")
			case indented && prints:
				printed[len(printed)-1] += line + "\n"
			}
			prints = indented && (prints || isCommand)
		}
	}
	cmd := exec.CommandContext(t.Context(), "bash", "-eu", "-c", script.String())
	cmd.Dir = t.TempDir()
	cmd.Env = append(os.Environ(), "STREAMGATE="+g.PublicURL, "TOKEN="+tv.token, "CONTENT="+g.content)
	output, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("%v: %s", err, output)
	}
	got := strings.Split(string(output), "===\n")[1:]
	if len(got) != len(printed) || len(got) < 5 {
		t.Fatalf("%d commands of %d: %s", len(got), len(printed), output)
	}
	for i := range got {
		for line := range strings.Lines(printed[i]) {
			if !strings.Contains(strings.ReplaceAll(got[i], "\r", ""), strings.TrimSpace(line)) {
				t.Errorf("command %d prints %q, and not %q", i, got[i], line)
			}
		}
	}

	tested, err := os.ReadFile("../../../k8s/load/screens/web/reporting.js")
	if err != nil {
		t.Fatal(err)
	}
	for n := 1; n < 6; n += 2 { // one for each player
		if block := strings.TrimPrefix(parts[n], "js\n"); !strings.Contains(string(tested), block) {
			t.Errorf("reporting.js hasn't:\n%s", block)
		}
	}
}

// part returns what the page of events has between two marks.
func part(t *testing.T, page, pattern string) string {
	t.Helper()
	found := regexp.MustCompile(`(?s)` + pattern).FindStringSubmatch(page)
	if found == nil {
		t.Fatalf("the page has no %s", pattern)
	}
	return found[1]
}

// The receiver of the page, with the page's settings, is told what happens.
func TestTheReceiverOfThePage(t *testing.T) {
	t.Parallel()
	node, err := exec.LookPath("node")
	if err != nil {
		t.Skip("node is not there (Debian: apt-get install nodejs)")
	}
	text, err := os.ReadFile("../../../charts/doors/events.md")
	if err != nil {
		t.Fatal(err)
	}
	page := string(text)
	file := filepath.Join(t.TempDir(), "receiver.mjs")
	if err := os.WriteFile(file, []byte(part(t, page, "```js\n(.*?)```")), 0o600); err != nil {
		t.Fatal(err)
	}
	address, err := process.FreeAddr(t.Context(), "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	_, port, _ := strings.Cut(address, ":")
	receiver := exec.CommandContext(t.Context(), node, file)
	receiver.Env = append(os.Environ(), "PORT="+port, "SECRET="+part(t, page, `SECRET=(\S+) node receiver.mjs`))
	output, err := receiver.StdoutPipe()
	if err == nil {
		err = receiver.Start()
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = receiver.Process.Kill(); _ = receiver.Wait() })
	list := strings.ReplaceAll(part(t, page, `EVENTS='(.*?)'`), "9999", port)
	g := start(t, telling(t, list, part(t, page, `EVENT_SECRETS=(\S+)`)))
	testkit.Eventually(t, "the receiver listens", func() bool {
		request, _ := http.NewRequestWithContext(t.Context(), http.MethodPost, "http://"+address, http.NoBody)
		request.Header.Set("Webhook-Signature", "v1,") // not its own
		answer, err := http.DefaultClient.Do(request)
		if err != nil {
			return false
		}
		defer answer.Body.Close()
		return answer.StatusCode == http.StatusUnauthorized
	})
	id, _ := g.signIn(t, "TV").playing(t, "")
	lines := bufio.NewScanner(output)
	for _, want := range []string{`streamgate.session.opened {"account":"` + g.account, fmt.Sprintf(`"stream":%q`, id)} {
		if !lines.Scan() || !strings.Contains(lines.Text(), want) {
			t.Fatalf("%q, want %q", lines.Text(), want)
		}
	}
}

// Events are as the API's description has them.
func TestEventsAreAsDescribed(t *testing.T) {
	t.Parallel()
	document, err := openapi3.NewLoader().LoadFromData(api.Spec)
	if err != nil {
		t.Fatal(err)
	}
	schema := document.Components.Schemas["Event"].Value
	e := newEndpoint(t, oldSecret)
	g, tv := signedIn(t, telling(t, "["+hook("other", e.URL)+"]", "other:"+oldSecret))
	for range 3 {
		tv.playing(t, "")
	}
	tv.play(t, "").Problem(t, http.StatusForbidden, "stream_limit_reached")
	g.internal(t, http.MethodDelete, "/internal/accounts/"+g.account+"/data", "").Want(t, http.StatusNoContent)
	testkit.Eventually(t, "all is told", func() bool { return len(e.told(g.account)) == 10 })
	e.mu.Lock()
	defer e.mu.Unlock()
	for _, text := range e.bodies {
		var value any
		if err := json.Unmarshal([]byte(text), &value); err != nil {
			t.Fatal(err)
		}
		if err := schema.VisitJSON(value); err != nil {
			t.Errorf("%s: %v", text, err)
		}
	}
}

// page returns the blocks of the document about other issuers that are in this language.
func page(t *testing.T, language string) []string {
	t.Helper()
	text, err := os.ReadFile("../../../charts/doors/identity.md")
	if err != nil {
		t.Fatal(err)
	}
	var blocks []string
	for _, found := range regexp.MustCompile("(?ms)^ *```"+language+"\n(.*?)^ *```$").FindAllStringSubmatch(string(text), -1) {
		blocks = append(blocks, found[1])
	}
	return blocks
}

func TestSettingsOfThePage(t *testing.T) {
	t.Parallel()
	var values map[string]any
	if err := yaml.Unmarshal([]byte(page(t, "yaml")[0]), &values); err != nil {
		t.Fatal(err)
	}
	text, err := json.Marshal(values["issuers"])
	if err != nil {
		t.Fatal(err)
	}
	settings, faults := issuers.Parse(string(text), "streamgate")
	if len(faults) > 0 || len(settings) != 5 {
		t.Errorf("%d issuers, %v", len(settings), errors.Join(faults...))
	}
}

// The commands of the page make a key, sign a token and play.
func TestCommandsOfThePage(t *testing.T) {
	t.Parallel()
	for _, program := range []string{"openssl", "jq", "curl", "sha256sum"} {
		if _, err := exec.LookPath(program); err != nil {
			t.Skipf("no %s in PATH (Debian: apt-get install openssl jq curl coreutils)", program)
		}
	}
	dir := t.TempDir()
	run := func(commands string) string {
		t.Helper()
		cmd := exec.CommandContext(t.Context(), "sh", "-euc", commands)
		cmd.Dir = dir
		output, err := cmd.Output()
		if err != nil {
			t.Fatalf("%v\n%s", err, output)
		}
		return string(output)
	}
	blocks := page(t, "sh")
	if len(blocks) != 3 {
		t.Fatalf("%d blocks of commands", len(blocks))
	}
	variable := run(blocks[0] + "\nprintf %s \"$ISSUERS\"")
	g := startForeign(t, nil, func(c *config.Config) { c.Issuers = variable })
	output := run(strings.NewReplacer("http://127.0.0.1:9000", g.PublicURL, "607c55840e977203b4d8b5e5", g.content).Replace(blocks[1]))
	answers := regexp.MustCompile(`HTTP/1\.1 (\d+)`).FindAllStringSubmatch(output, -1)
	if len(answers) != 3 || answers[0][1] != "200" || answers[1][1] != "403" || answers[2][1] != "200" || !strings.Contains(output, `"stream_limit_reached"`) {
		t.Error(output)
	}
	if id := strings.TrimSpace(run(blocks[2])); id != accountOf("viewer-1") {
		t.Errorf("an account's id is %q, want %q", id, accountOf("viewer-1"))
	}
	if _, err := os.Stat(filepath.Join(dir, "playback.pub")); err != nil {
		t.Error(err)
	}
}
