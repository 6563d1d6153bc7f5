package httpapi_test

import (
	"encoding/base64"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	cloudevents "github.com/cloudevents/sdk-go/v2"
	cehttp "github.com/cloudevents/sdk-go/v2/protocol/http"
	"github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
	standardwebhooks "github.com/standard-webhooks/standard-webhooks/libraries/go"

	"streamgate/libs/testkit"
	"streamgate/session-svc/internal/config"
	"streamgate/session-svc/internal/events"
)

const (
	oldSecret = "whsec_AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwd"
	newSecret = "whsec_HxwdHh8gISIjJCUmJygpKissLS4vMDEyMzQ1Njc4"
)

// endpoint is another system that takes webhooks: it checks their signatures, and reads them with the libraries that there are for it.
type endpoint struct {
	*httptest.Server

	mu     sync.Mutex
	events []cloudevents.Event // each once, in the order of their first coming
	bodies []string            // as they came
	tries  int
	answer func(http.ResponseWriter, *http.Request) bool // may answer instead of taking the event; or nil
}

func newEndpoint(t *testing.T, secret string) *endpoint {
	t.Helper()
	e := &endpoint{}
	verifier, err := standardwebhooks.NewWebhook(secret)
	if err != nil {
		t.Fatal(err)
	}
	e.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		if err := verifier.Verify(body, r.Header); err != nil {
			t.Error(err)
		}
		r.Body = io.NopCloser(strings.NewReader(string(body)))
		event, err := cloudevents.NewEventFromHTTPRequest(r)
		if err == nil {
			err = event.Validate()
		}
		if err != nil || event.ID() != r.Header.Get("webhook-id") || cehttp.IsHTTPBatch(r.Header) {
			t.Error(err, string(body))
			return
		}
		e.mu.Lock()
		defer e.mu.Unlock()
		if e.tries++; e.answer != nil && e.answer(w, r) {
			return
		}
		w.WriteHeader(http.StatusNoContent)
		if !slices.ContainsFunc(e.events, func(had cloudevents.Event) bool { return had.ID() == event.ID() }) {
			e.events = append(e.events, *event)
			e.bodies = append(e.bodies, string(body))
		}
	}))
	t.Cleanup(e.Close)
	return e
}

func (e *endpoint) answers(with func(http.ResponseWriter, *http.Request) bool) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.answer = with
}

// with answers with a status.
func with(status int) func(http.ResponseWriter, *http.Request) bool {
	return func(w http.ResponseWriter, _ *http.Request) bool {
		w.WriteHeader(status)
		return true
	}
}

func (e *endpoint) tried() int {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.tries
}

// told returns what the endpoint was told of an account: the type of each event and, after a space, its reason.
func (e *endpoint) told(account string) (all []string) {
	e.mu.Lock()
	defer e.mu.Unlock()
	for _, event := range e.events {
		var data struct {
			Account string `json:"account"`
			Reason  string `json:"reason"`
		}
		if event.DataAs(&data) == nil && data.Account == account {
			all = append(all, strings.TrimSpace(strings.TrimPrefix(event.Type(), "streamgate.")+" "+data.Reason))
		}
	}
	return all
}

// last returns the data of the last event of a type.
func (e *endpoint) last(t *testing.T, kind events.Type) map[string]any {
	t.Helper()
	e.mu.Lock()
	defer e.mu.Unlock()
	for _, event := range slices.Backward(e.events) {
		if event.Type() == "streamgate."+string(kind) {
			data := map[string]any{}
			if err := event.DataAs(&data); err != nil {
				t.Fatal(err)
			}
			return data
		}
	}
	t.Fatalf("no %s", kind)
	return nil
}

func (e *endpoint) want(t *testing.T, account string, want ...string) {
	t.Helper()
	testkit.Eventually(t, fmt.Sprintf("%q is told", want), func() bool {
		got := e.told(account)
		if len(got) > len(want) {
			t.Fatalf("told: %q\nwant: %q", got, want)
		}
		return slices.Equal(got, want)
	})
}

// wantLapse waits for what is told of a stream that its player left.
func (e *endpoint) wantLapse(t *testing.T, account, id string) {
	t.Helper()
	e.want(t, account, "session.opened", "stream.started", "stream.lapsed")
	if e.last(t, events.StreamLapsed)["stream"] != id {
		t.Error("another stream lapsed")
	}
}

// telling changes a configuration so that endpoints are told.
func telling(t *testing.T, list string, secrets ...string) func(*config.Config) {
	t.Helper()
	return func(c *config.Config) {
		c.Events.Endpoints, c.Events.Secrets = list, secrets
		alone(t)(c)
	}
}

// hook returns an endpoint as the setting has it.
func hook(name, address string) string {
	return fmt.Sprintf(`{"name":%q,"webhook":%q,"ownNetwork":true}`, name, address)
}

// One endpoint is told all that happens, in order, and signed by both secrets of a rotation, while others answer never, redirect, refuse and are
// gone. NATS is told the same.
func TestOtherSystemsAreTold(t *testing.T) {
	t.Parallel()
	good, silent, refuses, moved := newEndpoint(t, newSecret), newEndpoint(t, oldSecret), newEndpoint(t, oldSecret), newEndpoint(t, oldSecret)
	release := make(chan struct{})
	t.Cleanup(func() { close(release) })
	hung := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { <-release }))
	t.Cleanup(hung.CloseClientConnections)
	silent.Close()
	refuses.answers(with(http.StatusGone))
	moved.answers(func(w http.ResponseWriter, r *http.Request) bool {
		http.Redirect(w, r, good.URL, http.StatusPermanentRedirect)
		return true
	})
	bus := newBus(t)
	list := []string{
		hook("hung", hung.URL), hook("away", silent.URL), hook("gone", refuses.URL), hook("moved", moved.URL), hook("good", good.URL),
		fmt.Sprintf(`{"name":"bus","nats":%q,"subject":"play"}`, bus.ClientURL()),
	}
	secrets := []string{"hung:" + oldSecret, "away:" + oldSecret, "gone:" + oldSecret, "moved:" + oldSecret, "good:" + oldSecret, "good:" + newSecret}
	g, tv := signedIn(t, telling(t, "["+strings.Join(list, ",")+"]", secrets...))
	id, _ := tv.playing(t, "")
	tv.do(t, http.MethodDelete, "/streams/"+id, "").Want(t, http.StatusNoContent)
	lapses, _ := tv.playing(t, "")
	tv.heartbeat(t, lapses, "").Want(t, http.StatusOK)
	want := []string{"session.opened", "stream.started", "stream.ended stopped", "stream.started", "stream.lapsed"}
	good.want(t, g.account, want...)
	tv.heartbeat(t, lapses, "").Want(t, http.StatusOK)
	for range 2 {
		tv.playing(t, "")
	}
	tv.play(t, "").Problem(t, http.StatusForbidden, "stream_limit_reached")
	tv.do(t, http.MethodDelete, "/sessions/"+tv.session, "").Want(t, http.StatusNoContent)
	want = append(want, "stream.resumed", "stream.started", "stream.started", "stream.refused limit_reached", "session.ended signed_out",
		"stream.ended session_ended", "stream.ended session_ended", "stream.ended session_ended")
	good.want(t, g.account, want...)
	bus.want(t, g.account, want...)
	if refused := good.last(t, events.StreamRefused); refused["active"] != 3. || refused["limit"] != 3. || refused["content"] != g.content || refused["device"] != "Go-http-client" {
		t.Error(refused)
	}
	if ended := good.last(t, events.StreamEnded); ended["by"] != "TV" || ended["startedAt"] == nil || ended["session"] != tv.session {
		t.Error(ended)
	}
	testkit.Eventually(t, "the endpoint that is gone, or moved, is asked once", func() bool { return refuses.tried() == 1 && moved.tried() > 0 })
	testkit.Eventually(t, "failures are counted", func() bool {
		metrics := string(testkit.Do(t, http.MethodGet, g.OperationsURL+"/metrics", "").Body)
		return !strings.Contains(metrics, `events_failures_total{sink="away"} 0`) && strings.Contains(metrics, `events_failures_total{sink="good"} 0`) &&
			!strings.Contains(metrics, `events_lag_seconds{sink="gone"} 0`) && strings.Contains(metrics, `events_lag_seconds{sink="good"} 0`)
	})
}

// An endpoint that was away is told all that happened meanwhile, in order; also by a replica that had no part in it.
func TestAnEndpointThatWasAwayIsTold(t *testing.T) {
	t.Parallel()
	e, away := newEndpoint(t, oldSecret), newEndpoint(t, oldSecret)
	away.answers(with(http.StatusServiceUnavailable))
	g, tv := signedIn(t, telling(t, "["+hook("other", away.URL)+"]", "other:"+oldSecret))
	id, _ := tv.playing(t, "")
	testkit.Eventually(t, "it was tried", func() bool { return away.tried() > 0 })
	start(t, sharing(g), telling(t, "["+hook("other", e.URL)+"]", "other:"+oldSecret))
	e.wantLapse(t, g.account, id)
}

// A pause that lasts too long lapses as any other lease does, and the player that goes on resumes.
func TestTheLapseOfAPauseIsTold(t *testing.T) {
	t.Parallel()
	e := newEndpoint(t, oldSecret)
	g, tv := signedIn(t, telling(t, "["+hook("other", e.URL)+"]", "other:"+oldSecret), reports(lease/2))
	_, address := tv.reporting(t)
	report(t, address, paused, "live")
	e.want(t, g.account, "session.opened", "stream.started", "stream.lapsed")
	report(t, address, stillAway, "lapsed")
	report(t, address, playing, "live")
	e.want(t, g.account, "session.opened", "stream.started", "stream.lapsed", "stream.resumed")
}

// An account whose events an endpoint refuses holds no other account back, and comes in order later.
func TestARefusedAccountHoldsNoOtherBack(t *testing.T) {
	t.Parallel()
	e := newEndpoint(t, oldSecret)
	g := start(t, telling(t, "["+hook("other", e.URL)+"]", "other:"+oldSecret))
	e.answers(func(w http.ResponseWriter, r *http.Request) bool {
		refused := strings.HasPrefix(r.Header.Get("Webhook-Id"), g.account)
		if refused {
			w.WriteHeader(http.StatusBadRequest)
		}
		return refused
	})
	id, _ := g.signIn(t, "TV").playing(t, "")
	testkit.Eventually(t, "it is refused", func() bool { return e.tried() > 0 })
	for range 20 {
		other := *g
		other.account = testkit.NewID()
		other.signIn(t, "TV")
		e.want(t, other.account, "session.opened")
	}
	e.answers(nil)
	e.wantLapse(t, g.account, id)
}

// An endpoint in our own network is not asked, unless that is allowed, also where its name says something else.
func TestOurOwnNetworkIsNotAsked(t *testing.T) {
	t.Parallel()
	e := newEndpoint(t, oldSecret)
	_, port, _ := strings.Cut(strings.TrimPrefix(e.URL, "http://"), ":")
	g := start(t, telling(t, fmt.Sprintf(`[{"name":"other","webhook":"https://localhost:%s/"}]`, port), "other:"+oldSecret))
	g.signIn(t, "TV")
	testkit.Eventually(t, "it fails", func() bool {
		metrics := string(testkit.Do(t, http.MethodGet, g.OperationsURL+"/metrics", "").Body)
		return !strings.Contains(metrics, `events_failures_total{sink="other"} 0`) && !strings.Contains(metrics, `events_lag_seconds{sink="other"} 0`)
	})
	if e.tried() > 0 {
		t.Error("it was asked")
	}
}

// Contents and devices can be left out, or be told apart and no more.
func TestWhatIsNotForOthersIsNotTold(t *testing.T) {
	t.Parallel()
	e := newEndpoint(t, oldSecret)
	key := "pseudonyms:" + base64.StdEncoding.EncodeToString([]byte(strings.Repeat("k", 32)))
	g := start(t, telling(t, "["+hook("other", e.URL)+"]", "other:"+oldSecret, key), func(c *config.Config) {
		c.Events.Contents, c.Events.Devices = events.Pseudonym, events.Hidden
	})
	tv := g.signIn(t, "Erika's TV")
	var contents []any
	for range 2 {
		id, _ := tv.playing(t, "")
		tv.do(t, http.MethodDelete, "/streams/"+id, "").Want(t, http.StatusNoContent)
		testkit.Eventually(t, "its end is told", func() bool {
			return slices.Contains(e.told(g.account), "stream.ended stopped") && e.last(t, events.StreamEnded)["stream"] == id
		})
		ended := e.last(t, events.StreamEnded)
		if _, has := ended["by"]; has || ended["content"] == g.content {
			t.Error(ended)
		}
		contents = append(contents, ended["content"])
	}
	if started := e.last(t, events.StreamStarted); started["device"] != nil || contents[0] != contents[1] || len(contents[0].(string)) != 22 {
		t.Error(started, contents)
	}
}

// bus is a NATS with a stream.
type bus struct {
	*server.Server

	stream jetstream.Stream
}

func newBus(t *testing.T) *bus {
	t.Helper()
	b := &bus{}
	var err error
	b.Server, err = server.NewServer(&server.Options{Host: "127.0.0.1", Port: server.RANDOM_PORT, JetStream: true, StoreDir: t.TempDir(), NoLog: true, NoSigs: true})
	if err != nil {
		t.Fatal(err)
	}
	b.Start()
	t.Cleanup(func() { b.Shutdown(); b.WaitForShutdown() })
	if !b.ReadyForConnections(10 * time.Second) {
		t.Fatal("NATS does not start")
	}
	connection, err := nats.Connect(b.ClientURL())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(connection.Close)
	js, err := jetstream.New(connection)
	if err != nil {
		t.Fatal(err)
	}
	b.stream, err = js.CreateStream(t.Context(), jetstream.StreamConfig{Name: "PLAY", Subjects: []string{"play.>"}})
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// want expects what the bus was told of an account.
func (b *bus) want(t *testing.T, account string, want ...string) {
	t.Helper()
	consumer, err := b.stream.OrderedConsumer(t.Context(), jetstream.OrderedConsumerConfig{FilterSubjects: []string{"play." + account + ".>"}})
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for range want {
		message, err := consumer.Next(jetstream.FetchMaxWait(10 * time.Second))
		if err != nil {
			t.Fatalf("told: %q: %v", got, err)
		}
		var event cloudevents.Event
		if err := event.UnmarshalJSON(message.Data()); err != nil || message.Headers().Get(nats.MsgIdHdr) != event.ID() {
			t.Fatal(err, string(message.Data()))
		}
		kind := strings.TrimPrefix(event.Type(), "streamgate.")
		if message.Subject() != "play."+account+"."+kind {
			t.Error(message.Subject())
		}
		var data struct{ Reason string }
		_ = event.DataAs(&data)
		got = append(got, strings.TrimSpace(kind+" "+data.Reason))
	}
	if !slices.Equal(got, want) {
		t.Errorf("told: %q\nwant: %q", got, want)
	}
}
