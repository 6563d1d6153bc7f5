package httpapi_test

import (
	"crypto/ed25519"
	"crypto/rand"
	"encoding/base64"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/go-json-experiment/json"

	"streamgate/libs/apitest"
	"streamgate/libs/jwtauth"
	"streamgate/libs/peer"
	"streamgate/libs/redisdb"
	"streamgate/libs/service"
	"streamgate/libs/testkit"
	"streamgate/session-svc/api"
	"streamgate/session-svc/internal/app"
	"streamgate/session-svc/internal/config"
	"streamgate/session-svc/internal/events"
)

const (
	issuer = "streamgate"
	secret = "a-secret-between-the-services"
	// lease is long enough for a slow machine to make three starts in, and short enough to wait for.
	lease = 2 * time.Second
)

// gate is a running session-svc with stand-ins for its neighbours: user-svc's part is the key set, content-svc's the internal API of
// the catalogue.
type gate struct {
	*service.Running

	key     ed25519.PrivateKey
	account string
	content string // an id in the catalogue
	neigh   *neighbour
	cfg     config.Config
}

// neighbour answers for content-svc and user-svc.
type neighbour struct {
	*httptest.Server

	src      string
	limit    int                // of every account's plan, or 0 if none is known
	requests chan *http.Request // what was passed on, with its body

	mu       sync.Mutex
	signedIn map[string]bool // the sessions that user-svc has recorded
	ends     map[string]*foreignEnds
}

// record notes a session, as user-svc does at its sign-in.
func (n *neighbour) record(id string) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.signedIn[id] = true
}

// records answers for user-svc about who is signed in.
func (n *neighbour) records(w http.ResponseWriter, r *http.Request) {
	n.mu.Lock()
	defer n.mu.Unlock()
	switch id := r.PathValue("sid"); {
	case r.Method == http.MethodDelete && id != "":
		delete(n.signedIn, id)
		w.WriteHeader(http.StatusNoContent)
	case r.Method == http.MethodDelete:
		maps.DeleteFunc(n.signedIn, func(id string, _ bool) bool { return id != r.URL.Query().Get("except") })
		w.WriteHeader(http.StatusNoContent)
	case !n.signedIn[id]:
		w.Header().Set("Content-Type", "application/problem+json")
		w.WriteHeader(http.StatusNotFound)
		fmt.Fprint(w, `{"status":404,"code":"session_not_found","detail":"x"}`)
	default:
		now := time.Now().UTC()
		_ = json.MarshalWrite(w, map[string]any{
			"device": "recorded", "generation": 1, "createdAt": now, "refreshedAt": now, "expiresAt": now.Add(time.Hour),
		})
	}
}

// foreignEnds are what user-svc has recorded of another issuer's account.
type foreignEnds struct {
	Sessions []foreignEnd `json:"sessions"`
	Others   *foreignEnd  `json:"others,omitzero"`
}

type foreignEnd struct {
	Session string    `json:"session"`
	EndedAt time.Time `json:"endedAt"`
}

// foreign answers for user-svc about who was signed out of another issuer's account.
func (n *neighbour) foreign(w http.ResponseWriter, r *http.Request) {
	n.mu.Lock()
	defer n.mu.Unlock()
	ends := n.ends[r.PathValue("id")]
	if ends == nil {
		ends = &foreignEnds{}
		n.ends[r.PathValue("id")] = ends
	}
	if r.Method == http.MethodGet {
		_ = json.MarshalWrite(w, ends)
		return
	}
	var given struct {
		Session string `json:"session"`
		Others  bool   `json:"others"`
		Keep    int    `json:"keepSeconds"`
	}
	if err := json.UnmarshalRead(r.Body, &given); err != nil || given.Keep < 90_000 {
		w.WriteHeader(http.StatusBadRequest)
		return
	}
	end := foreignEnd{given.Session, time.Now()}
	if given.Others {
		ends.Others = &end
	} else {
		ends.Sessions = append(ends.Sessions, end)
	}
	w.WriteHeader(http.StatusNoContent)
}

func newNeighbour(t *testing.T, content string) *neighbour {
	t.Helper()
	n := &neighbour{src: "demo/bars.mp4", requests: make(chan *http.Request, 100), signedIn: map[string]bool{}, ends: map[string]*foreignEnds{}}
	mux := http.NewServeMux()
	mux.HandleFunc("/internal/accounts/{id}/sessions/{sid}", n.records)
	mux.HandleFunc("DELETE /internal/accounts/{id}/sessions", n.records)
	mux.HandleFunc("/internal/accounts/{id}/ends", n.foreign)
	problem := func(w http.ResponseWriter, status int, code string) {
		w.Header().Set("Content-Type", "application/problem+json")
		w.WriteHeader(status)
		fmt.Fprintf(w, `{"type":"urn:streamgate:problem:%s","title":"x","status":%d,"code":%q,"detail":"x"}`, code, status, code)
	}
	mux.HandleFunc("GET /internal/content/{id}/source", func(w http.ResponseWriter, r *http.Request) {
		if r.PathValue("id") != content {
			problem(w, http.StatusNotFound, "content_not_found")
			return
		}
		_ = json.MarshalWrite(w, map[string]string{"id": content, "type": "vod", "name": "Bars", "src": n.src})
	})
	item := `{"id":"` + content + `","type":"vod","name":"Bars","description":"","createdAt":"2026-01-02T03:04:05.678Z","updatedAt":"2026-01-02T03:04:05.678Z"}`
	mux.HandleFunc("/content", func(w http.ResponseWriter, r *http.Request) {
		_ = r.ParseForm()
		select {
		case n.requests <- r:
		default: // no test reads so many
		}
		w.Header().Set("Content-Type", "application/json; charset=utf-8")
		if r.Method == http.MethodPost {
			w.Header().Set("Location", "/content/"+content)
			w.WriteHeader(http.StatusCreated)
			fmt.Fprint(w, item)
			return
		}
		w.Header().Set("X-Total-Count", "1")
		fmt.Fprint(w, "["+item+"]")
	})
	mux.HandleFunc("/content/{id}", func(w http.ResponseWriter, r *http.Request) {
		switch {
		case r.PathValue("id") != content:
			problem(w, http.StatusNotFound, "content_not_found")
		case r.Method == http.MethodDelete:
			w.WriteHeader(http.StatusNoContent)
		default:
			w.Header().Set("Content-Type", "application/json; charset=utf-8")
			fmt.Fprint(w, item)
		}
	})
	mux.HandleFunc("PATCH /uploads/{id}", func(w http.ResponseWriter, r *http.Request) {
		sent, err := io.Copy(io.Discard, r.Body)
		if err != nil || r.Header.Get("Upload-Offset") != "7" || r.Header.Get("Authorization") != "" {
			problem(w, http.StatusConflict, "upload_offset")
			return
		}
		w.Header().Set("Upload-Offset", strconv.FormatInt(7+sent, 10))
		w.Header().Set("Tus-Resumable", "1.0.0")
		w.WriteHeader(http.StatusNoContent)
	})
	mux.HandleFunc("GET /internal/accounts/{id}", func(w http.ResponseWriter, r *http.Request) {
		if n.limit == 0 {
			problem(w, http.StatusNotFound, "account_not_found")
			return
		}
		fmt.Fprintf(w, `{"id":%q,"plan":{"maxStreams":%d,"onLimit":"deny"}}`, r.PathValue("id"), n.limit)
	})
	mux.HandleFunc("PUT /internal/accounts/{id}/plan", func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		switch {
		case string(body) != `{"maxStreams":5,"onLimit":"evict-oldest"}` && string(body) != `{"maxStreams":1,"onLimit":"deny"}`:
			w.Header().Set("Content-Type", "application/problem+json")
			w.WriteHeader(http.StatusBadRequest)
			fmt.Fprint(w, `{"status":400,"code":"invalid_input","detail":"x","errors":[{"field":"maxStreams","detail":"x"}]}`)
		case r.PathValue("id") == content: // which is no account's id
			problem(w, http.StatusNotFound, "account_not_found")
		default:
			fmt.Fprintf(w, `{"id":%q,"plan":%s}`, r.PathValue("id"), body)
		}
	})
	n.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get(peer.SecretHeader) != secret {
			problem(w, http.StatusUnauthorized, "internal_secret_invalid")
			return
		}
		mux.ServeHTTP(w, r)
	}))
	t.Cleanup(n.Close)
	return n
}

// start runs session-svc; change may alter its configuration.
func start(t *testing.T, change ...func(*config.Config)) *gate {
	t.Helper()
	public, private, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	keys := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		_ = json.MarshalWrite(w, jwtauth.NewJWKS(public))
	}))
	t.Cleanup(keys.Close)
	g := &gate{key: private, account: testkit.NewID(), content: testkit.NewID()}
	g.neigh = newNeighbour(t, g.content)
	key := base64.StdEncoding.EncodeToString(make([]byte, 32))
	cfg := config.Config{
		Settings: service.Settings{
			PublicAddr: ":0", InternalAddr: ":0", OperationsAddr: ":0", LogFormat: "text", InternalSecrets: []string{secret}, DrainTimeout: time.Second,
		},
		Redis: redisdb.Settings{URL: testkit.Redis(t)}, JWKSURL: keys.URL, TokenIssuer: issuer, ContentSvcURL: g.neigh.URL, UserSvcURL: g.neigh.URL,
		GrantKeys: []string{key}, RefreshKeys: []string{key}, Lease: lease, SessionTTL: time.Hour,
		Ahead: 75 * time.Second, BudgetFactor: 1.25, BudgetBurst: 2 * time.Minute, StartsEvery: 2 * time.Second, StartsBurst: 30,
		Events: config.Events{Contents: events.Plain, Devices: events.Plain, Keep: time.Hour},
	}
	for _, c := range change {
		c(&cfg)
	}
	g.cfg = cfg
	if relays := cfg.Events.Endpoints != "" || cfg.Reports.MongoDBURI != ""; relays && cfg.Redis.URL == testkit.SharedRedis() {
		t.Fatal("its relay would take what other tests look at: have a database alone")
	}
	for _, fault := range cfg.Validate() {
		t.Fatal(fault)
	}
	s, err := app.New(cfg, "test", testkit.Logger(t))
	if err != nil {
		t.Fatal(err)
	}
	s.Public = apitest.Watch(t, api.Spec, s.Public)
	g.Running = testkit.Run(t, s)
	// The tests' own Redis may have started a moment ago, which holds new starts back.
	testkit.Eventually(t, "starts are not held back", func() bool {
		return strings.Contains(string(testkit.Do(t, http.MethodGet, g.OperationsURL+"/metrics", "").Body), "\nstream_hold_seconds 0\n")
	})
	return g
}

// device is a device that is signed in.
type device struct {
	*gate

	session, token, refreshToken string
}

// calls returns how often a script was called.
func (g *gate) calls(t *testing.T, verb string) (n int) {
	t.Helper()
	name := `redis_script_duration_seconds_count{verb="` + verb + `"} `
	for line := range strings.Lines(string(testkit.Do(t, http.MethodGet, g.OperationsURL+"/metrics", "").Body)) {
		if count, ok := strings.CutPrefix(line, name); ok {
			n, _ = strconv.Atoi(strings.TrimSpace(count))
		}
	}
	return n
}

// signedIn runs session-svc, and signs a device in.
func signedIn(t *testing.T, change ...func(*config.Config)) (*gate, *device) {
	t.Helper()
	g := start(t, change...)
	return g, g.signIn(t, "TV")
}

func (g *gate) signIn(t *testing.T, name string) *device {
	t.Helper()
	answer := g.internal(t, http.MethodPost, "/internal/sessions", `{"account":"`+g.account+`","device":"`+name+`"}`).Want(t, http.StatusCreated).JSON(t)
	d := &device{gate: g, session: answer["id"].(string), refreshToken: answer["refreshToken"].(string)}
	g.neigh.record(d.session)
	d.token = g.sign(t, d.claims())
	return d
}

// claims returns those of a user's access token.
func (d *device) claims() jwtauth.Claims {
	return jwtauth.Claims{Account: d.account, Session: d.session, Role: jwtauth.RoleUser, Limit: 3}
}

// tokenFor returns an access token that is good for so long.
func (d *device) tokenFor(t *testing.T, lasts time.Duration) string {
	t.Helper()
	claims := d.claims()
	claims.Expires = time.Now().Add(lasts)
	return d.sign(t, claims)
}

// becomeAdmin changes the device's token to an administrator's.
func (d *device) becomeAdmin(t *testing.T) {
	t.Helper()
	claims := d.claims()
	claims.Role = jwtauth.RoleAdmin
	d.token = d.sign(t, claims)
}

func (g *gate) sign(t *testing.T, claims jwtauth.Claims) string {
	t.Helper()
	if claims.Expires.IsZero() {
		claims.Expires = time.Now().Add(time.Minute)
	}
	token, err := jwtauth.Sign(g.key, issuer, claims, time.Now())
	if err != nil {
		t.Fatal(err)
	}
	return token
}

func (g *gate) internal(t *testing.T, method, path, body string) testkit.Answer {
	t.Helper()
	return testkit.Do(t, method, g.InternalURL+path, body, testkit.Header(peer.SecretHeader, secret))
}

func (d *device) do(t *testing.T, method, path, body string, options ...testkit.Option) testkit.Answer {
	t.Helper()
	return testkit.Do(t, method, d.PublicURL+path, body, append([]testkit.Option{testkit.Bearer(d.token)}, options...)...)
}

func (d *device) play(t *testing.T, query string, options ...testkit.Option) testkit.Answer {
	t.Helper()
	return d.do(t, http.MethodGet, "/content/"+d.content+"/play"+query, "", options...)
}

// playing starts a stream and returns its id and its source.
func (d *device) playing(t *testing.T, query string, options ...testkit.Option) (id, source string) {
	t.Helper()
	answer := d.play(t, query, options...).Want(t, http.StatusOK).JSON(t)
	return answer["stream"].(map[string]any)["id"].(string), answer["source"].(string)
}

// heartbeat renews a stream.
func (d *device) heartbeat(t *testing.T, stream, body string) testkit.Answer {
	t.Helper()
	return d.do(t, http.MethodPost, "/streams/"+stream+"/heartbeat", body)
}

// wantEnded expects that a heartbeat is told why a stream ended, and by whom.
func (d *device) wantEnded(t *testing.T, stream, reason, by string) {
	t.Helper()
	ended := d.heartbeat(t, stream, "").Problem(t, http.StatusGone, "stream_ended").JSON(t)
	if ended["reason"] != reason || ended["by"] != by {
		t.Error(ended)
	}
}

// grantOf returns the grant in a media address.
func grantOf(t *testing.T, source string) string {
	t.Helper()
	u, err := url.Parse(source)
	if err != nil {
		t.Fatal(err)
	}
	parts := strings.Split(u.Path, "/")
	if len(parts) < 4 || parts[1] != "media" {
		t.Fatalf("source %s", source)
	}
	return parts[2]
}

// active returns the ids of the streams that GET /streams shows.
func (d *device) active(t *testing.T) []string {
	t.Helper()
	var ids []string
	for _, each := range d.do(t, http.MethodGet, "/streams", "").Want(t, http.StatusOK).JSON(t)["streams"].([]any) {
		ids = append(ids, each.(map[string]any)["id"].(string))
	}
	return ids
}

// sharing changes a configuration to that of another replica of g.
func sharing(g *gate) func(*config.Config) {
	return func(c *config.Config) {
		c.Redis, c.JWKSURL, c.ContentSvcURL, c.UserSvcURL = g.cfg.Redis, g.cfg.JWKSURL, g.cfg.ContentSvcURL, g.cfg.UserSvcURL
	}
}
