package httpapi_test

import (
	"bufio"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/go-json-experiment/json"

	"streamgate/libs/process"
	"streamgate/libs/testkit"
	"streamgate/session-svc/api"
)

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
	g := start(t, telling(t, "10", list, part(t, page, `EVENT_SECRETS=(\S+)`)))
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
	g, tv := signedIn(t, telling(t, "8", "["+hook("other", e.URL)+"]", "other:"+oldSecret))
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
