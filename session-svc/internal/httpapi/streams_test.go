package httpapi_test

import (
	"bytes"
	"encoding/base64"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"streamgate/libs/testkit"
	"streamgate/session-svc/internal/config"
	"streamgate/session-svc/internal/session"
	"streamgate/session-svc/internal/stream"
)

func TestPlay(t *testing.T) {
	t.Parallel()
	tv := start(t).signIn(t, "TV")
	for n := 1; n <= 3; n++ {
		answer := tv.play(t, "").Want(t, http.StatusOK)
		body := answer.JSON(t)
		stream := body["stream"].(map[string]any)
		if stream["content"] != tv.content || stream["device"] != "Go-http-client" || stream["heartbeatInterval"].(float64) <= 0 {
			t.Fatalf("%s", answer.Body)
		}
		if !strings.HasPrefix(body["source"].(string), tv.PublicURL+"/media/") || !strings.HasSuffix(body["source"].(string), "/bars.mp4") {
			t.Fatalf("source %s", body["source"])
		}
		for name, want := range map[string]string{
			"X-Stream-Limit": "3", "X-Stream-Active": strconv.Itoa(n), "Cache-Control": "no-store", "Location": "/streams/" + stream["id"].(string),
		} {
			if got := answer.Header.Get(name); got != want {
				t.Errorf("%s: %q, want %q", name, got, want)
			}
		}
		if _, err := http.ParseTime(answer.Header.Get("Expires")); err != nil {
			t.Error(err)
		}
	}
	refused := tv.play(t, "").Problem(t, http.StatusForbidden, "stream_limit_reached")
	body := refused.JSON(t)
	seconds, err := strconv.Atoi(refused.Header.Get("Retry-After"))
	if err != nil || seconds < 1 || seconds > int(lease.Seconds()) {
		t.Errorf("Retry-After %q", refused.Header.Get("Retry-After"))
	}
	if body["limit"] != 3.0 || body["active"] != 3.0 || len(body["streams"].([]any)) != 3 {
		t.Errorf("%s", refused.Body)
	}
	testkit.Eventually(t, "a lapsed lease frees its slot", func() bool { return tv.play(t, "").Status == http.StatusOK })
}

func TestTokenInTheBodyOfAGet(t *testing.T) {
	t.Parallel()
	g, tv := signedIn(t)
	testkit.Do(t, http.MethodGet, g.PublicURL+"/content/"+g.content+"/play", "access_token="+tv.token).Want(t, http.StatusOK)
	testkit.Do(t, http.MethodGet, g.PublicURL+"/content", "access_token="+tv.token).Want(t, http.StatusOK)
	testkit.Do(t, http.MethodGet, g.PublicURL+"/content?access_token="+tv.token, "").Problem(t, http.StatusUnauthorized, "token_required")
	testkit.Do(t, http.MethodGet, g.PublicURL+"/content", "access_token="+tv.token+"&color=red").Problem(t, http.StatusBadRequest, "invalid_input", "color")
	if len(tv.active(t)) != 1 {
		t.Error("a play with its token in the body has started no stream")
	}
}

func TestUnknownContentTakesNoSlot(t *testing.T) {
	t.Parallel()
	tv := start(t).signIn(t, "TV")
	tv.do(t, http.MethodGet, "/content/"+testkit.NewID()+"/play", "").Problem(t, http.StatusNotFound, "content_not_found")
	tv.do(t, http.MethodGet, "/content/xyz/play", "").Problem(t, http.StatusBadRequest, "invalid_input", "id")
	tv.do(t, http.MethodPost, "/streams", `{"content":"`+testkit.NewID()+`"}`).Problem(t, http.StatusNotFound, "content_not_found")
	if active := tv.active(t); len(active) != 0 {
		t.Error(active)
	}
}

func TestAbsoluteSourceIsHandedOutAsItIs(t *testing.T) {
	t.Parallel()
	g := start(t)
	g.neigh.src = "https://cdn.example.com/live.m3u8?x=1"
	if _, source := g.signIn(t, "TV").playing(t, ""); source != g.neigh.src {
		t.Error(source)
	}
}

func TestStop(t *testing.T) {
	t.Parallel()
	g := start(t)
	tv, phone := g.signIn(t, "TV"), g.signIn(t, "Phone")
	first, source := tv.playing(t, "")
	tv.playing(t, "")
	tv.playing(t, "")
	for range 2 {
		tv.do(t, http.MethodDelete, "/streams/"+first, "").Want(t, http.StatusNoContent)
	}
	second, _ := tv.playing(t, "") // at once
	tv.wantEnded(t, first, "stopped", "TV")
	if told := g.renew(t, source)[0].problem(); told["status"] != 410.0 || told["code"] != "stream_ended" || told["reason"] != "stopped" {
		t.Error(told)
	}
	phone.do(t, http.MethodDelete, "/streams/"+second, "").Want(t, http.StatusNoContent)
	tv.wantEnded(t, second, "terminated", "Phone")
}

func TestForeignStreams(t *testing.T) {
	t.Parallel()
	g := start(t)
	tv, phone := g.signIn(t, "TV"), g.signIn(t, "Phone")
	mine, _ := tv.playing(t, "")
	g.account = testkit.NewID()
	stranger := g.signIn(t, "TV")
	stranger.do(t, http.MethodDelete, "/streams/"+mine, "").Problem(t, http.StatusNotFound, "stream_not_found")
	stranger.heartbeat(t, mine, "").Problem(t, http.StatusNotFound, "stream_not_found")
	stranger.play(t, "?replace="+mine).Problem(t, http.StatusNotFound, "stream_not_found")
	phone.heartbeat(t, mine, "").Problem(t, http.StatusNotFound, "stream_not_found")
	for _, id := range []string{"x", mine[:21], mine + "A", "%2e%2e"} {
		tv.do(t, http.MethodDelete, "/streams/"+id, "").Problem(t, http.StatusBadRequest, "invalid_input", "id")
		tv.heartbeat(t, id, "").Problem(t, http.StatusBadRequest, "invalid_input", "id")
	}
	if active := tv.active(t); !slices.Equal(active, []string{mine}) {
		t.Error(active)
	}
}

func TestHeartbeat(t *testing.T) {
	t.Parallel()
	tv := start(t).signIn(t, "TV")
	id, source := tv.playing(t, "")
	body := tv.heartbeat(t, id, "").Want(t, http.StatusOK).JSON(t)
	if _, err := time.Parse(time.RFC3339, body["expiresAt"].(string)); err != nil || body["resumed"] != false {
		t.Fatal(body, err)
	}
	if byGrant := tv.renew(t, source)[0]; byGrant["holds"] != float64(lease.Milliseconds()) {
		t.Fatal(byGrant)
	}
	testkit.Eventually(t, "the lease lapses", func() bool { return len(tv.active(t)) == 0 })
	if body := tv.heartbeat(t, id, "").Want(t, http.StatusOK).JSON(t); body["resumed"] != true {
		t.Fatal(body)
	}
	testkit.Eventually(t, "the lease lapses again", func() bool { return len(tv.active(t)) == 0 })
	for range 3 {
		tv.playing(t, "")
	}
	tv.heartbeat(t, id, "").Problem(t, http.StatusForbidden, "stream_limit_reached")
}

func TestOptionsOfAStart(t *testing.T) {
	t.Parallel()
	tv := start(t).signIn(t, "TV")
	first, _ := tv.playing(t, "?player=p1&device=Living+room")
	second, _ := tv.playing(t, "?player=p1") // a reload
	third, _ := tv.playing(t, "")
	if active := tv.active(t); !slices.Equal(active, []string{second, third}) {
		t.Fatal(active)
	}
	if body := tv.heartbeat(t, first, "").Problem(t, http.StatusGone, "stream_ended").JSON(t); body["reason"] != "replaced" {
		t.Error(body)
	}
	fourth, _ := tv.playing(t, "")
	answer := tv.do(t, http.MethodPost, "/streams", `{"content":"`+tv.content+`","replace":"`+third+`","device":"Living room"}`).Want(t, http.StatusCreated)
	swapped := answer.JSON(t)["stream"].(map[string]any)
	if swapped["device"] != "Living room" {
		t.Error(swapped)
	}
	if active := tv.active(t); !slices.Equal(active, []string{second, fourth, swapped["id"].(string)}) {
		t.Error(active)
	}
	tv.do(t, http.MethodPost, "/streams", "content="+tv.content).Problem(t, http.StatusForbidden, "stream_limit_reached")
}

// idempotent is a key that tests start a stream with.
var idempotent = testkit.Header("Idempotency-Key", "abc")

func TestIdempotencyKey(t *testing.T) {
	t.Parallel()
	g, tv := signedIn(t)
	first, _ := tv.playing(t, "", idempotent)
	again, _ := tv.playing(t, "", idempotent)
	if first != again || len(tv.active(t)) != 1 {
		t.Error(first, again)
	}
	tv.play(t, "?device=other", idempotent).Problem(t, http.StatusUnprocessableEntity, "idempotency_key_reused")
	if other, _ := g.signIn(t, "Phone").playing(t, "", idempotent); other == first {
		t.Error("a key of another device is another stream")
	}
	tv.play(t, "", testkit.Header("Idempotency-Key", strings.Repeat("x", 256))).Problem(t, http.StatusBadRequest, "invalid_input", "Idempotency-Key")
	tv.play(t, "", testkit.Header("Idempotency-Key", "")).Problem(t, http.StatusBadRequest, "invalid_input", "Idempotency-Key")
	twice := func(r *http.Request) { r.Header["Idempotency-Key"] = []string{"abc", "abc"} }
	tv.play(t, "", twice).Problem(t, http.StatusBadRequest, "invalid_input", "Idempotency-Key")
}

// A key whose stream has ended and is forgotten starts one that plays: who knows that the first has ended, doesn't know it by the same id.
func TestIdempotencyKeyOfAForgottenStream(t *testing.T) {
	t.Parallel()
	tv := start(t).signIn(t, "TV")
	first, _ := tv.playing(t, "", idempotent)
	tv.do(t, http.MethodDelete, "/streams/"+first, "").Want(t, http.StatusNoContent)
	for range stream.MaxRemembered + 1 {
		var other testkit.Answer
		testkit.Eventually(t, "a busy store answers a start in time", func() bool { other = tv.play(t, ""); return other.Status == http.StatusOK })
		id, _ := other.JSON(t)["stream"].(map[string]any)["id"].(string)
		tv.do(t, http.MethodDelete, "/streams/"+id, "").Want(t, http.StatusNoContent)
	}
	again, source := tv.playing(t, "", idempotent)
	if again == first {
		t.Error("a stream that has ended was started again")
	}
	body := `{"renewals":[{"grant":"` + grantOf(t, source) + `","sent":0,"want":1000,"idle":0}]}`
	if text := string(tv.internal(t, http.MethodPost, "/internal/leases/renew", body).Want(t, http.StatusOK).Body); !strings.Contains(text, `"credit":1000`) {
		t.Error(text)
	}
}

// A retry is the same stream also while the keys of media addresses are being changed, whichever replica it meets.
func TestIdempotencyKeyOutlivesGrantKeys(t *testing.T) {
	t.Parallel()
	g, tv := signedIn(t)
	first, _ := tv.playing(t, "", idempotent)
	rotated := start(t, sharing(g), func(c *config.Config) {
		c.GrantKeys = append([]string{base64.StdEncoding.EncodeToString(bytes.Repeat([]byte{1}, 32))}, c.GrantKeys...)
	})
	rotated.content = g.content
	there := device{gate: rotated, token: tv.token}
	if again, _ := there.playing(t, "", idempotent); again != first {
		t.Error("a second stream was started")
	}
}

// Lengths are in characters, also in what the scripts keep.
func TestLongNames(t *testing.T) {
	t.Parallel()
	g := start(t)
	for _, character := range []string{"x", "Д", "李", "🎬"} {
		name := strings.Repeat(character, session.MaxName)
		if len(name) > 255 { // which a lease has no room for
			name = strings.TrimSuffix(name, character)
		}
		g.account = testkit.NewID()
		tv := g.signIn(t, name)
		tv.play(t, "?device="+url.QueryEscape(name)+"&player="+url.QueryEscape(strings.Repeat(character, 128))).Want(t, http.StatusOK)
		other := g.signIn(t, "TV")
		other.play(t, "?device="+url.QueryEscape(strings.Repeat(character, 64))).Want(t, http.StatusOK)
		other.play(t, "?device="+url.QueryEscape(strings.Repeat(character, 65))).Problem(t, http.StatusBadRequest, "invalid_input", "device")
		other.play(t, "?player="+url.QueryEscape(strings.Repeat(character, 129))).Problem(t, http.StatusBadRequest, "invalid_input", "player")
		for _, playing := range tv.do(t, http.MethodGet, "/streams", "").Want(t, http.StatusOK).JSON(t)["streams"].([]any) {
			if device := playing.(map[string]any)["device"]; device != name {
				t.Errorf("%s plays, want %s", device, name)
			}
		}
	}
}

func TestBadOptions(t *testing.T) {
	t.Parallel()
	tv := start(t).signIn(t, "TV")
	long := strings.Repeat("x", 129)
	for query, fields := range map[string][]string{
		"?player=" + long:             {"player"},
		"?device=" + long:             {"device"},
		"?device=a%00b":               {"device"},
		"?device=+TV":                 {"device"},
		"?device=+":                   {"device"},
		"?replace=x":                  {"replace"},
		"?color=red":                  {"color"},
		"?player=a&player=b":          {"player"},
		"?player=" + long + "&color=": {"color"},
		"?limit=9":                    {"limit"},
	} {
		tv.play(t, query).Problem(t, http.StatusBadRequest, "invalid_input", fields...)
	}
	for _, hidden := range testkit.Hidden {
		t.Logf("%+q", hidden)
		tv.play(t, "?device="+url.QueryEscape("T"+hidden+"V")).Problem(t, http.StatusBadRequest, "invalid_input", "device")
	}
	for body, field := range map[string]string{
		`{}`:                            "content",
		`{"content":{"$ne":""}}`:        "content",
		`{"content":7}`:                 "content",
		`{"content":"x","content":"y"}`: "content",
		`{"Content":"x"}`:               "Content",
		`{"content":"` + tv.content + `","limit":9}`: "limit",
		`{"content":"` + tv.content + `"} x`:         "body",
		`content=` + tv.content + `&content=x`:       "content",
		`content=` + tv.content + `&role=admin`:      "role",
	} {
		tv.do(t, http.MethodPost, "/streams", body).Problem(t, http.StatusBadRequest, "invalid_input", field)
	}
	tv.do(t, http.MethodPost, "/streams", "<x/>", testkit.Header("Content-Type", "text/xml")).Problem(t, http.StatusUnsupportedMediaType, "unsupported_media_type")
	tv.do(t, http.MethodPost, "/streams", `{"content":"`+strings.Repeat("x", 65<<10)+`"}`).Problem(t, http.StatusRequestEntityTooLarge, "body_too_large")
	tv.play(t, "", testkit.Header("X-Large", strings.Repeat("x", 17<<10))).Problem(t, http.StatusRequestHeaderFieldsTooLarge, "headers_too_large")
	if active := tv.active(t); len(active) != 0 {
		t.Error(active)
	}
}

func TestBadTokens(t *testing.T) {
	t.Parallel()
	g, tv := signedIn(t)
	for name, token := range map[string]string{
		"expired": tv.tokenFor(t, -time.Minute), "garbage": "x", "cut": tv.token[:len(tv.token)-4], "oversize": strings.Repeat("x", 5000),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			answer := testkit.Do(t, http.MethodGet, g.PublicURL+"/streams", "", testkit.Bearer(token)).Problem(t, http.StatusUnauthorized, "invalid_token")
			if !strings.HasPrefix(answer.Header.Get("WWW-Authenticate"), "Bearer ") {
				t.Error(answer.Header)
			}
		})
	}
	testkit.Do(t, http.MethodGet, g.PublicURL+"/streams", "").Problem(t, http.StatusUnauthorized, "token_required")
	testkit.Do(t, http.MethodGet, g.PublicURL+"/streams", "", testkit.Basic("a", "b")).Problem(t, http.StatusUnauthorized, "token_required")
	tv.do(t, http.MethodGet, "/streams", "access_token="+tv.token).Problem(t, http.StatusBadRequest, "invalid_input", "access_token")
	unknown := tv.claims()
	unknown.Session = "AAAAAAAAAAA"
	testkit.Do(t, http.MethodGet, g.PublicURL+"/content/"+g.content+"/play", "", testkit.Bearer(g.sign(t, unknown))).
		Problem(t, http.StatusUnauthorized, "session_ended")
}

// longLease keeps a slow machine from seeing leases lapse.
func longLease(c *config.Config) { c.Lease = 8 * time.Second }

// TestParallelStarts is the rule over HTTP, on two replicas that share a Redis: of many starts at once exactly three are granted.
func TestParallelStarts(t *testing.T) {
	t.Parallel()
	replicas := []*gate{start(t, longLease)}
	replicas = append(replicas, start(t, longLease, sharing(replicas[0])))
	tv := replicas[0].signIn(t, "TV")
	there := *tv // the same device at the other replica
	there.gate = replicas[1]
	there.content = tv.content
	for range 5 {
		var granted, refused atomic.Int32
		var group sync.WaitGroup
		for n := range 30 {
			group.Go(func() {
				// A machine that is busy with other things may be late, which is a 503: the key makes the repetition the same start.
				key := testkit.Header("Idempotency-Key", testkit.NewID())
				answer := []*device{tv, &there}[n%2].play(t, "", key)
				for answer.Status == http.StatusServiceUnavailable {
					answer = []*device{tv, &there}[n%2].play(t, "", key)
				}
				switch answer.Status {
				case http.StatusOK:
					granted.Add(1)
				case http.StatusForbidden:
					refused.Add(1)
				default:
					t.Errorf("%d %s", answer.Status, answer.Body)
				}
			})
		}
		group.Wait()
		if granted.Load() != 3 || refused.Load() != 27 {
			t.Fatalf("%d granted, %d refused", granted.Load(), refused.Load())
		}
		for _, id := range tv.active(t) {
			tv.do(t, http.MethodDelete, "/streams/"+id, "").Want(t, http.StatusNoContent)
		}
	}
}
