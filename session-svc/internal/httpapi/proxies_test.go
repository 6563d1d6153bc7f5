package httpapi_test

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/go-json-experiment/json"

	"streamgate/libs/process"
	"streamgate/libs/testkit"
)

// examples has the configurations that charts/doors/authorize.md shows.
const examples = "../../../charts/doors/authorize"

// proxies are the real servers that are tried, with what Debian calls their packages.
var proxies = []struct {
	name, packet, listens string
	files                 []string
	args                  []string // of the program, with the first file
}{
	{
		name: "nginx", packet: "nginx", listens: "listen 8000", files: []string{"nginx.conf"},
		args: []string{"-p", ".", "-e", "stderr", "-g", "daemon off; pid nginx.pid;", "-c"},
	},
	{name: "haproxy", packet: "haproxy", listens: "bind :8000", files: []string{"haproxy.cfg", "authorize.lua"}, args: []string{"-db", "-f"}},
	{name: "caddy", packet: "caddy", listens: "http://:8000", files: []string{"Caddyfile"}, args: []string{"run", "--adapter", "caddyfile", "--config"}},
}

func TestRealProxies(t *testing.T) {
	t.Parallel()
	for _, proxy := range proxies {
		t.Run(proxy.name, func(t *testing.T) {
			t.Parallel()
			program, err := exec.LookPath(proxy.name)
			if err != nil {
				t.Skipf("there is no %s; apt-get install %s", proxy.name, proxy.packet)
			}
			g := start(t, opened)
			origin := newOrigin(t)
			base := "http://" + testkit.FreeAddr(t)
			folder := t.TempDir()
			for _, name := range proxy.files {
				g.example(t, folder, name, proxy.listens, base, origin.URL)
			}
			cmd := exec.CommandContext(t.Context(), program, append(proxy.args, filepath.Join(folder, proxy.files[0]))...)
			cmd.Dir = folder
			cmd.Env = append(os.Environ(), "HOME="+folder)
			running, err := process.StartReady(t.Context(), proxy.name, cmd, process.NewOutput(&testkit.Log{}, ""), listens(strings.TrimPrefix(base, "http://")))
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(running.Kill)
			throughProxy(t, g, base, origin)
		})
	}
}

// listens reports that something listens at an address.
func listens(address string) func(context.Context) error {
	return func(ctx context.Context) error {
		connection, err := new(net.Dialer).DialContext(ctx, "tcp", address)
		if err == nil {
			err = connection.Close()
		}
		return err
	}
}

// example writes an example's file as it is, but for the addresses.
func (g *gate) example(t *testing.T, folder, name, listens, base, origin string) {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(examples, name))
	if err != nil {
		t.Fatal(err)
	}
	host := func(url string) string { return strings.TrimPrefix(url, "http://") }
	here := strings.Replace(listens, ":8000", host(base), 1)
	if here == listens {
		here = strings.Replace(listens, "8000", host(base), 1)
	}
	changed := strings.NewReplacer(listens, here, "session-svc:8080", host(g.PublicURL), "origin:8000", host(origin),
		"http {\n", "http {\n  client_body_temp_path body; proxy_temp_path proxy; fastcgi_temp_path fastcgi; uwsgi_temp_path uwsgi; scgi_temp_path scgi;\n",
	).Replace(string(text))
	if err := os.WriteFile(filepath.Join(folder, name), []byte(changed), 0o600); err != nil {
		t.Fatal(err)
	}
}

// origin is a server of films.
type origin struct {
	*httptest.Server

	asked chan string // for these paths
}

func newOrigin(t *testing.T) *origin {
	t.Helper()
	o := &origin{asked: make(chan string, 1000)}
	o.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		o.asked <- r.URL.Path
		fmt.Fprint(w, "film")
	}))
	t.Cleanup(o.Close)
	return o
}

// throughProxy has viewers watch what an origin sends through a proxy.
func throughProxy(t *testing.T, g *gate, base string, o *origin) {
	t.Helper()
	get := func(path string, options ...testkit.Option) testkit.Answer {
		return testkit.Do(t, http.MethodGet, base+path, "", options...)
	}
	for len(o.asked) > 0 {
		t.Fatal("the origin was asked for", <-o.asked)
	}
	tv, phone := g.signIn(t, "TV"), g.signIn(t, "Phone")
	id, source := tv.playing(t, "")
	own := "/" + grantOf(t, source)

	// No credential, a forged one, somebody else's film, and attempts to have it decided about another address than is answered.
	if answer := get(g.segment(1)).Want(t, http.StatusUnauthorized); answer.Header.Get("WWW-Authenticate") == "" {
		t.Error("no challenge:", answer.Header)
	}
	get("/"+strings.Repeat("A", 150)+g.segment(1)).Want(t, http.StatusUnauthorized)
	get(own+"/live/607c55840e977203b4d8b5e5/1.ts").Want(t, http.StatusForbidden)
	for _, header := range []string{"X-Original-URI", "X-Original-URL", "X-Forwarded-Uri", "X-Envoy-Original-Path"} {
		if answer := get("/live/607c55840e977203b4d8b5e5/1.ts", testkit.Header(header, own+g.segment(1)), testkit.Bearer(own[1:])); answer.Status == http.StatusOK {
			t.Errorf("a client says by %s what is asked for", header)
		}
	}
	for _, path := range []string{own + g.segment(1) + "/../../607c55840e977203b4d8b5e5/1.ts", own + "/live/" + g.content + "/%2e%2e/607c55840e977203b4d8b5e5/1.ts"} {
		if answer := get(path); answer.Status == http.StatusOK {
			t.Error("sent", path)
		}
	}
	if len(o.asked) > 0 {
		t.Fatal("the origin was asked for", <-o.asked)
	}

	// What may be answered: with a grant, and with a token.
	if answer := get(own+g.segment(1)).Want(t, http.StatusOK); string(answer.Body) != "film" {
		t.Errorf("got %s", answer.Body)
	}
	if path := <-o.asked; path != g.segment(1) {
		t.Errorf("the origin was asked for %s", path)
	}
	testkit.Eventually(t, "six seconds of film are counted", func() bool {
		for _, playing := range tv.do(t, http.MethodGet, "/streams", "").Want(t, http.StatusOK).JSON(t)["streams"].([]any) {
			shown, _ := playing.(map[string]any)
			expires, err := time.Parse(time.RFC3339, shown["expiresAt"].(string))
			if err == nil && shown["id"] == id && time.Until(expires) > lease+time.Second {
				return true
			}
		}
		return false
	})
	get("/live/"+g.content+"/index.m3u8", testkit.Bearer(tv.token)).Want(t, http.StatusOK)
	get("/live/"+g.content+"/index.m3u8?access_token="+phone.token).Want(t, http.StatusOK)
	if active := tv.active(t); len(active) != 3 {
		t.Fatal(active)
	}
	refused := get("/live/"+g.content+"/index.m3u8?player=fourth", testkit.Bearer(phone.token)).Want(t, http.StatusForbidden)
	if code := refused.Header.Get("X-Stream-Code"); code != "stream_limit_reached" || refused.Header.Get("Retry-After") == "" {
		t.Error(refused.Header)
	}

	// An end.
	phone.do(t, http.MethodDelete, "/streams/"+id, "").Want(t, http.StatusNoContent)
	began := time.Now()
	testkit.Eventually(t, "the end is told", func() bool { return get(own+g.segment(2)).Status == http.StatusGone })
	if took := time.Since(began); took > time.Second {
		t.Errorf("after %v", took)
	}
	if reason := get(own + g.segment(3)).Header.Get("X-Stream-Reason"); reason != "terminated" {
		t.Errorf("reason %q", reason)
	}
}

// The page's commands are run as they are, but for the addresses and the ids.
func TestTheCommandsOfThePage(t *testing.T) {
	t.Parallel()
	shell, err := exec.LookPath("curl")
	if err != nil {
		t.Skip("there is no curl; apt-get install curl")
	}
	page, err := os.ReadFile(examples + ".md")
	if err != nil {
		t.Fatal(err)
	}
	g, tv := signedIn(t, opened)
	names := []string{"http://session-svc:8080", g.PublicURL, "607c55840e977203b4d8b5e5", g.content, "eyJ…", tv.token}
	var said []string
	for line := range strings.Lines(string(page)) {
		command, ok := strings.CutPrefix(line, "    $ curl ")
		if !ok {
			continue
		}
		command = strings.NewReplacer(names...).Replace(command)
		out, err := exec.CommandContext(t.Context(), "sh", "-c", shell+" -sS "+command).Output()
		if err != nil {
			t.Fatal(command, err)
		}
		said = append(said, string(out))
		var playing struct{ Stream struct{ Ticket string } }
		if json.Unmarshal(out, &playing, json.MatchCaseInsensitiveNames(true)) == nil {
			names = append(names, "AyR0…", playing.Stream.Ticket)
		}
	}
	if len(said) != 2 || !strings.HasPrefix(said[1], "HTTP/1.1 200") || !strings.Contains(said[1], "X-Stream-Id: "+tv.active(t)[0]) {
		t.Error(said)
	}
	// What the page shows of a file is in it.
	conf, err := os.ReadFile(filepath.Join(examples, "nginx.conf"))
	if err != nil {
		t.Fatal(err)
	}
	_, section, _ := strings.Cut(string(page), "\n## nginx\n")
	section, _, _ = strings.Cut(section, "\n## ")
	for line := range strings.Lines(section) {
		if shown, ok := strings.CutPrefix(line, "    "); ok && !strings.Contains(shown, "…") && !strings.Contains(string(conf), strings.TrimSpace(shown)) {
			t.Errorf("nginx.conf has no %s", shown)
		}
	}
}
