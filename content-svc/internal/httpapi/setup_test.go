package httpapi_test

import (
	"bytes"
	"context"
	"encoding/base64"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/prometheus/client_golang/prometheus"

	"streamgate/content-svc/api"
	"streamgate/content-svc/internal/blobstore"
	"streamgate/content-svc/internal/httpapi"
	"streamgate/content-svc/internal/media"
	"streamgate/content-svc/internal/mediatime"
	"streamgate/content-svc/internal/sessionsvc"
	"streamgate/content-svc/web"
	"streamgate/libs/apitest"
	"streamgate/libs/delivery"
	"streamgate/libs/grant"
	"streamgate/libs/httpserver"
	"streamgate/libs/listeners"
	"streamgate/libs/logging"
	"streamgate/libs/pace"
	"streamgate/libs/testkit"
)

const (
	secret = "secret-of-the-services"
	ten    = 10 * time.Second
)

// key is GRANT_KEYS of the tests.
var key = base64.StdEncoding.EncodeToString(bytes.Repeat([]byte{7}, 32))

// sessions stands in for session-svc: its internal API as the contract between the services has it, with answers to order.
type sessions struct {
	*httptest.Server

	mu       sync.Mutex
	answer   func(w http.ResponseWriter, questions int)
	asked    atomic.Int64
	renewals []renewal
}

// renewal is what is asked about one stream.
type renewal struct {
	Grant string `json:"grant"`
	Sent  int64  `json:"sent"`
	Want  int64  `json:"want"`
	Idle  int64  `json:"idle"`
}

func newSessions(t testing.TB) *sessions {
	t.Helper()
	s := &sessions{}
	s.lives(ten)
	mux := http.NewServeMux()
	mux.HandleFunc("POST /internal/leases/renew", func(w http.ResponseWriter, r *http.Request) {
		var asked struct {
			Renewals []renewal `json:"renewals"`
		}
		if err := json.UnmarshalRead(r.Body, &asked, json.RejectUnknownMembers(true)); err != nil || r.Header.Get("Internal-Secret") != secret {
			t.Errorf("question %+v with secret %q: %v", asked, r.Header.Get("Internal-Secret"), err)
		}
		s.asked.Add(int64(len(asked.Renewals)))
		s.mu.Lock()
		defer s.mu.Unlock()
		s.renewals = append(s.renewals, asked.Renewals...)
		s.answer(w, len(asked.Renewals))
	})
	s.Server = httptest.NewServer(mux)
	t.Cleanup(s.Close)
	return s
}

func (s *sessions) says(status int, contentType, body string, headers ...string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.answer = func(w http.ResponseWriter, _ int) {
		w.Header().Set("Content-Type", contentType)
		for i := 0; i < len(headers); i += 2 {
			w.Header().Set(headers[i], headers[i+1])
		}
		w.WriteHeader(status)
		_, _ = io.WriteString(w, body)
	}
}

func (s *sessions) problem(status int, code, members string, headers ...string) {
	s.says(status, "application/problem+json", fmt.Sprintf(
		`{"type":"urn:streamgate:problem:%s","title":"%s","status":%d,"code":"%s","detail":"Said so.","requestId":"theirs"%s}`,
		code, http.StatusText(status), status, code, members), headers...)
}

// each answers every question with the same text.
func (s *sessions) each(lease time.Duration, text string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.answer = func(w http.ResponseWriter, questions int) {
		all := strings.TrimSuffix(strings.Repeat(text+",", questions), ",")
		w.Header().Set("Content-Type", "application/json")
		_, _ = fmt.Fprintf(w, `{"lease":%d,"deliveries":[%s]}`, lease.Milliseconds(), all)
	}
}

// lives makes every stream one that may play, and may be sent as much film as there is.
func (s *sessions) lives(lease time.Duration) {
	s.each(lease, fmt.Sprintf(`{"holds":%d,"credit":%d}`, lease.Milliseconds(), time.Hour.Milliseconds()))
}

// refusal answers every question with a problem.
func (s *sessions) refusal(status int, code, members string, retryAfter time.Duration) {
	s.each(ten, fmt.Sprintf(`{"retryAfter":%d,"problem":{"type":"urn:streamgate:problem:%s","title":"%s","status":%d,"code":"%s","detail":"Said so."%s}}`,
		retryAfter.Milliseconds(), code, http.StatusText(status), status, code, members))
}

func (s *sessions) ends() {
	s.refusal(http.StatusGone, "stream_ended", `,"reason":"terminated","by":"Living room"`, 0)
}

func (s *sessions) refuses() {
	s.refusal(http.StatusForbidden, "stream_limit_reached", `,"limit":1,"active":1,"streams":[`+
		`{"id":"BBBBBBBBBBBBBBBBBBBBBB","content":"607c55840e977203b4d8b5e5","device":"TV",`+
		`"startedAt":"2026-01-02T03:04:05.678Z","expiresAt":"2026-01-02T03:04:15.678Z"}]`, 7*time.Second)
}

// isAway is session-svc without its Redis.
func (s *sessions) isAway() {
	s.problem(http.StatusServiceUnavailable, "unavailable", "", "Retry-After", "1")
}

// unpaced lets a stream have all at once.
var unpaced = pace.Rules{Ahead: 1000 * time.Hour, First: 1000 * time.Hour}

// player is a public listener on a folder of files, with a clock that moves when it is told to.
type player struct {
	*sessions

	url      string
	folder   string
	registry *prometheus.Registry
	log      *testkit.Log

	clock   atomic.Int64
	streams *delivery.Keeper
}

type option func(*httpapi.Options, *http.Server)

// files are the contents of files by their paths.
type files map[string]string

// newPlayer serves the films, and what is written to its folder later.
func newPlayer(t testing.TB, films files, options ...option) *player {
	t.Helper()
	p := &player{sessions: newSessions(t), folder: t.TempDir(), registry: prometheus.NewRegistry(), log: &testkit.Log{}}
	p.clock.Store(time.Now().UnixNano())
	for path, content := range films {
		p.write(t, path, []byte(content))
	}
	store := blobstore.New("file://" + p.folder)
	if err := store.Connect().Do(t.Context()); err != nil {
		t.Fatal(err)
	}
	keys, err := grant.ParseKeys("GRANT_KEYS", []string{key})
	if err != nil {
		t.Fatal(err)
	}
	log := logging.New(p.log, logging.Text, slog.LevelDebug, "test")
	p.streams = delivery.NewKeeper(sessionsvc.NewClient(p.URL, []string{secret}, p.registry), unpaced, delivery.Usually, p.now)
	ctx, stop := context.WithCancel(context.Background())
	t.Cleanup(stop)
	go p.streams.Run(ctx)
	o := httpapi.Options{
		Player: &media.Player{
			Keys: keys, Files: store, Streams: p.streams,
			Clock: mediatime.New(mediatime.Options{Store: media.Ranges{Files: store}, Log: log, Now: p.now}),
		},
		Files: store, App: web.Files, Stall: httpapi.Stall, Registry: p.registry,
	}
	server := httpserver.NewServer(nil, log)
	for _, option := range options {
		option(&o, server)
	}
	engine, _, err := listeners.New(listeners.Options{Service: "content-svc", Spec: api.Spec, Log: log, Registry: p.registry}, httpapi.New(o))
	if err != nil {
		t.Fatal(err)
	}
	apitest.Routes(t, api.Spec, engine.Routes())
	server.Handler = engine
	if test, ok := t.(*testing.T); ok {
		server.Handler = apitest.Watch(test, api.Spec, engine)
	}
	s := httptest.NewUnstartedServer(nil)
	s.Config = server
	s.Start()
	t.Cleanup(s.Close)
	p.url = s.URL
	return p
}

func (p *player) now() time.Time       { return time.Unix(0, p.clock.Load()) }
func (p *player) pass(d time.Duration) { p.clock.Add(int64(d)) }

// write makes a file.
func (p *player) write(t testing.TB, path string, content []byte) {
	t.Helper()
	name := filepath.Join(p.folder, filepath.FromSlash(path))
	if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(name, content, 0o644); err != nil {
		t.Fatal(err)
	}
}

// long is the length of long.mp4 in bytes: more than the buffers of two sockets hold.
const long = 64 << 20

// writeLong makes long.mp4, which takes no room.
func (p *player) writeLong(t testing.TB) {
	t.Helper()
	p.write(t, "long.mp4", nil)
	if err := os.Truncate(filepath.Join(p.folder, "long.mp4"), long); err != nil {
		t.Fatal(err)
	}
}

// grant signs a grant of a new stream for a scope.
func (p *player) grant(t testing.TB, scope string, change ...func(*grant.Grant)) string {
	t.Helper()
	g := grant.Grant{
		Stream:  base64.RawURLEncoding.EncodeToString([]byte(testkit.NewID())[8:]),
		Account: testkit.NewID(), Session: "AAAAAAAAAAA", Content: testkit.NewID(), Limit: 3, Started: p.now(), Expires: p.now().Add(24 * time.Hour), Scope: scope,
	}
	for _, c := range change {
		c(&g)
	}
	keys, err := grant.ParseKeys("GRANT_KEYS", []string{key})
	if err != nil {
		t.Fatal(err)
	}
	text, err := keys.Seal(g)
	if err != nil {
		t.Fatal(err)
	}
	return text
}

// address is that of a file below a new stream's grant.
func (p *player) address(t testing.TB, scope, path string) string {
	t.Helper()
	return p.url + "/media/" + p.grant(t, scope) + "/" + path
}

// counted returns the value of a metric, of one outcome if there is one.
func (p *player) counted(t testing.TB, name, outcome string) float64 {
	t.Helper()
	families, err := p.registry.Gather()
	if err != nil {
		t.Fatal(err)
	}
	for _, family := range families {
		for _, metric := range family.GetMetric() {
			matches := family.GetName() == name && (outcome == "" || len(metric.GetLabel()) > 0 && metric.GetLabel()[0].GetValue() == outcome)
			if matches {
				return metric.GetCounter().GetValue() + metric.GetGauge().GetValue()
			}
		}
	}
	t.Fatalf("no metric %s of %s", name, outcome)
	return 0
}
