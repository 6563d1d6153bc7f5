package httpapi_test

import (
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"streamgate/libs/testkit"
	"streamgate/session-svc/internal/config"
)

// reports changes a configuration to one that takes reports.
func reports(pause time.Duration) func(*config.Config) {
	return func(c *config.Config) { c.CMCD, c.CMCDPause = true, pause }
}

const (
	playing   = "e=ps,sf=h,sid=\"9ae09c15-fabc-4223-a87e-8e4d935b20b9\",sn=3,sta=p,ts=1795810303392,v=2\n"
	paused    = "e=ps,sta=a\n"
	stillAway = "e=t,sta=a\n"
	over      = "e=ps,sta=e\n"
)

// reporting starts a stream and returns its id and where it reports.
func (d *device) reporting(t *testing.T) (id, address string) {
	t.Helper()
	started := d.play(t, "").Want(t, http.StatusOK).JSON(t)["stream"].(map[string]any)
	return started["id"].(string), started["cmcd"].(string)
}

// report posts events, and expects that they are taken.
func report(t *testing.T, address, body, state string) {
	t.Helper()
	answer := testkit.Do(t, http.MethodPost, address, body, testkit.Header("Content-Type", "application/cmcd"), testkit.Header("Origin", "https://anywhere.example")).
		Want(t, http.StatusNoContent)
	if got := answer.Header.Get("X-Stream-State"); got != state {
		t.Errorf("%q is answered %q, want %q", body, got, state)
	}
	if origin := answer.Header.Get("Access-Control-Allow-Origin"); origin != "*" || len(answer.Body) > 0 {
		t.Errorf("origin %q, body %s", origin, answer.Body)
	}
}

func TestReportsAreHeartbeats(t *testing.T) {
	t.Parallel()
	g := start(t, reports(0))
	g.neigh.src = "https://cdn.example.com/film/master.m3u8"
	tv := g.signIn(t, "TV")
	id, address := tv.reporting(t)
	until := time.Now().Add(lease + lease/2)
	for time.Now().Before(until) {
		report(t, address, playing, "live")
		<-time.After(lease / 4)
	}
	if now := tv.active(t); !slices.Equal(now, []string{id}) {
		t.Fatalf("%v is active after reports, want %s", now, id)
	}
	testkit.Eventually(t, "it lapses in silence", func() bool { return len(tv.active(t)) == 0 })
	report(t, address, "e=t,sta=p", "live")
	tv.do(t, http.MethodDelete, "/streams/"+id, "").Want(t, http.StatusNoContent)
	report(t, address, playing, "ended") // which silences no player
	report(t, address, over, "ended")
}

func TestAPauseReleasesTheSlotWhereTheRuleSaysSo(t *testing.T) {
	t.Parallel()
	tv := start(t, reports(0)).signIn(t, "TV")
	id, address := tv.reporting(t)
	for _, rest := range []string{paused, over, "e=ps,sta=f", "e=e"} {
		report(t, address, rest, "lapsed")
		if now := tv.active(t); len(now) > 0 {
			t.Fatalf("%v is active after %q", now, rest)
		}
		report(t, address, stillAway, "lapsed") // players go on reporting
		report(t, address, playing, "live")
		if now := tv.active(t); !slices.Equal(now, []string{id}) {
			t.Fatalf("%v is active after it played again, want %s", now, id)
		}
	}
	report(t, address, paused, "lapsed")
	for range 3 {
		tv.playing(t, "")
	}
	report(t, address, playing, "lapsed") // there is no slot
}

func TestAPauseHoldsTheSlotForAsLongAsItMay(t *testing.T) {
	t.Parallel()
	const hold = 2 * lease
	tv := start(t, reports(hold)).signIn(t, "TV")
	id, address := tv.reporting(t)
	began := time.Now()
	report(t, address, paused, "live")
	testkit.Eventually(t, "the pause ends, however often it is reported", func() bool {
		testkit.Do(t, http.MethodPost, address, stillAway, testkit.Header("Content-Type", "application/cmcd")).Want(t, http.StatusNoContent)
		return len(tv.active(t)) == 0
	})
	if took := time.Since(began); took < hold {
		t.Errorf("the slot was free after %v of %v", took, hold)
	}
	report(t, address, playing, "live")
	report(t, address, paused, "live")
	report(t, address, over, "lapsed")
	if now := tv.active(t); len(now) > 0 {
		t.Errorf("%v is active after the end, want nothing of %s", now, id)
	}
}

// The plan's rule for pauses counts before the setting.
func TestThePlanSaysHowLongAPauseHoldsTheSlot(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		setting, plan time.Duration
		want          string
	}{{0, time.Hour, "live"}, {time.Hour, 0, "lapsed"}} {
		tv := start(t, reports(test.setting)).signIn(t, "TV")
		claims := tv.claims()
		claims.Pause = &test.plan
		tv.token = tv.sign(t, claims)
		_, address := tv.reporting(t)
		report(t, address, playing, "live")
		report(t, address, paused, test.want)
	}
}

// Two services that see the address can't use it for anything else.
func TestATicketOpensNothing(t *testing.T) {
	t.Parallel()
	tv := start(t, reports(time.Minute)).signIn(t, "TV")
	started := tv.play(t, "").Want(t, http.StatusOK).JSON(t)
	stream := started["stream"].(map[string]any)
	address := stream["cmcd"].(string)
	ticket := address[strings.LastIndexByte(address, '/')+1:]
	if p := tv.renew(t, "http://x/media/"+ticket+"/film.mp4")[0].problem(); p["status"] != 400.0 {
		t.Errorf("it is taken for a grant: %v", p)
	}
	tv.heartbeat(t, stream["id"].(string), `{"ticket":"`+ticket+`"}`).Problem(t, http.StatusBadRequest, "invalid_input", "ticket")
	for _, other := range []string{stream["ticket"].(string), grantOf(t, started["source"].(string)), ticket[1:], "x"} {
		testkit.Do(t, http.MethodPost, strings.Replace(address, ticket, other, 1), playing, testkit.Header("Content-Type", "application/cmcd")).
			Problem(t, http.StatusNotFound, "ticket_not_found")
	}
}

func TestBadReports(t *testing.T) {
	t.Parallel()
	tv := start(t, reports(time.Minute)).signIn(t, "TV")
	_, address := tv.reporting(t)
	report(t, address, "\x00\xff\nsta=p\n"+playing+"e=\n{}\n,,,\n\r\n", "live") // line by line
	report(t, address, "e=ps,sta=d", "")
	asCMCD := testkit.Header("Content-Type", "application/cmcd")
	for _, body := range []string{"", "\n", "sta=p\n", "e=\"ps\"", "E=ps", `{"e":"ps"}`, strings.Repeat("\n", 60<<10)} {
		testkit.Do(t, http.MethodPost, address, body, asCMCD).Problem(t, http.StatusBadRequest, "invalid_input", "body")
	}
	testkit.Do(t, http.MethodPost, address, playing, testkit.Header("Content-Type", "application/json")).Problem(t, http.StatusUnsupportedMediaType, "unsupported_media_type")
	for _, where := range []string{address, address[:len(address)-1]} {
		answer := testkit.Do(t, http.MethodPost, where, strings.Repeat(playing, 10<<20/len(playing)), asCMCD)
		answer.Problem(t, http.StatusRequestEntityTooLarge, "body_too_large")
	}
	testkit.Do(t, http.MethodPost, address, playing, testkit.Header("Content-Type", "text/plain;charset=UTF-8")).Want(t, http.StatusNoContent)
	preflight := testkit.Do(t, http.MethodOptions, address, "", testkit.Header("Origin", "https://anywhere.example"),
		testkit.Header("Access-Control-Request-Method", "POST"), testkit.Header("Access-Control-Request-Headers", "content-type")).Want(t, http.StatusNoContent)
	for name, want := range map[string]string{
		"Access-Control-Allow-Origin": "*", "Access-Control-Allow-Methods": "POST", "Access-Control-Allow-Headers": "Content-Type",
	} {
		if got := preflight.Header.Get(name); !strings.Contains(got, want) {
			t.Errorf("%s: %q", name, got)
		}
	}
}

func TestWithoutTheSettingNothingIsReported(t *testing.T) {
	t.Parallel()
	tv := start(t).signIn(t, "TV")
	stream := tv.play(t, "").Want(t, http.StatusOK).JSON(t)["stream"].(map[string]any)
	if address, there := stream["cmcd"]; there {
		t.Error(address)
	}
	testkit.Do(t, http.MethodPost, tv.PublicURL+"/cmcd/x", playing).Problem(t, http.StatusNotFound, "not_found")
}

// A flood of tickets that are none costs the store nothing.
func TestUnknownTicketsReachNoStore(t *testing.T) {
	t.Parallel()
	tv := start(t, reports(time.Minute)).signIn(t, "TV")
	_, address := tv.reporting(t)
	report(t, address, playing, "live")
	before := tv.calls(t, "renew")
	for range 200 {
		testkit.Do(t, http.MethodPost, address[:len(address)-8]+"AAAAAAAA", playing, testkit.Header("Content-Type", "application/cmcd")).
			Problem(t, http.StatusNotFound, "ticket_not_found")
	}
	if after := tv.calls(t, "renew"); after != before {
		t.Errorf("%d calls for nothing", after-before)
	}
}

// Players repeat what is answered 503, all of it at each later event.
func TestReportsAreTakenWhileTheStoreIsAway(t *testing.T) {
	t.Parallel()
	redis := newSilence(t, testkit.Redis(t))
	tv := start(t, reports(time.Minute), func(c *config.Config) { c.Redis.URL = redis.url }).signIn(t, "TV")
	_, address := tv.reporting(t)
	report(t, address, playing, "live")
	redis.Lock()
	began := time.Now()
	report(t, address, playing, "unavailable")
	took := time.Since(began)
	redis.Unlock()
	if took > 3*time.Second {
		t.Errorf("it took %v", took)
	}
	testkit.Eventually(t, "it goes on", func() bool {
		answer := testkit.Do(t, http.MethodPost, address, playing, testkit.Header("Content-Type", "application/cmcd")).Want(t, http.StatusNoContent)
		return answer.Header.Get("X-Stream-State") == "live"
	})
}
