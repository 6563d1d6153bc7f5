package httpapi_test

import (
	"maps"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"streamgate/libs/testkit"
	"streamgate/session-svc/internal/config"
)

// beside starts another replica that remembers nothing, and returns the same device there.
func (d *device) beside(t *testing.T, other *gate) *device {
	t.Helper()
	return &device{gate: other, token: d.token}
}

// Whatever Redis forgets, a device of another issuer's account that was signed out doesn't come back, in whichever way it was signed out and by
// whichever token or media address, and everybody else goes on.
func TestAForeignDeviceStaysEndedWhateverRedisForgets(t *testing.T) {
	t.Parallel()
	for name, way := range map[string]struct {
		signOut func(t *testing.T, gone, kept, desk *device, account string)
		all     bool
	}{
		"by itself": {signOut: func(t *testing.T, gone, _, _ *device, _ string) {
			t.Helper()
			current, _ := gone.sessions(t)
			gone.do(t, http.MethodDelete, "/sessions/"+current, "").Want(t, http.StatusNoContent)
		}},
		"by another device": {signOut: func(t *testing.T, gone, kept, _ *device, _ string) {
			t.Helper()
			current, _ := gone.sessions(t)
			kept.do(t, http.MethodDelete, "/sessions/"+current, "").Want(t, http.StatusNoContent)
		}},
		"with all others": {signOut: func(t *testing.T, _, kept, _ *device, _ string) {
			t.Helper()
			kept.do(t, http.MethodDelete, "/sessions", "").Want(t, http.StatusNoContent)
		}},
		"by the support desk": {signOut: func(t *testing.T, gone, _, desk *device, account string) {
			t.Helper()
			current, _ := gone.sessions(t)
			desk.do(t, http.MethodDelete, "/accounts/"+account+"/sessions/"+current, "").Want(t, http.StatusNoContent)
		}},
		"all by the support desk": {all: true, signOut: func(t *testing.T, _, _, desk *device, account string) {
			t.Helper()
			desk.do(t, http.MethodDelete, "/accounts/"+account+"/sessions", "").Want(t, http.StatusNoContent)
		}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := newBackend(t)
			server, own := ownRedis(t)
			g := startForeign(t, []map[string]any{b.setting(t)}, own)
			viewer, signedIn := testkit.NewID(), time.Now().Add(-time.Minute).Unix()
			account := accountOf(viewer)
			claims := map[string]any{"sub": viewer, "session": "tv", "iat": signedIn}
			gone := g.viewer(b.token(t, claims))
			kept := g.viewer(b.token(t, map[string]any{"sub": viewer, "session": "phone", "iat": signedIn}))
			its := soon(t, func() testkit.Answer { return gone.play(t, "") }).Want(t, http.StatusOK).JSON(t)
			other := soon(t, func() testkit.Answer { return kept.play(t, "") }).Want(t, http.StatusOK).JSON(t)
			desk := g.signIn(t, "desk")
			desk.becomeAdmin(t)
			way.signOut(t, gone, kept, desk, account)

			maps.Copy(claims, map[string]any{"iat": time.Now().Unix(), "auth_time": signedIn})
			refreshed := g.viewer(b.token(t, claims))
			for range 2 {
				server.FlushAll()
				again := start(t, sharing(g), accepting(t, b.setting(t))) // which remembers nothing either
				again.content = g.content
				ended := map[string]map[*device]map[string]any{"gone": {gone.beside(t, again): its, refreshed.beside(t, again): its}}
				if way.all {
					ended["kept"] = map[*device]map[string]any{kept.beside(t, again): other}
				} else {
					on := kept.beside(t, again)
					if back := soon(t, func() testkit.Answer { return on.beats(t, other) }); back.Want(t, http.StatusOK).JSON(t)["resumed"] != true {
						t.Errorf("what plays on: %s", back.Body)
					}
					on.do(t, http.MethodGet, "/content", "").Want(t, http.StatusOK)
					if problem := again.renew(t, other["source"].(string))[0].problem(); problem != nil {
						t.Errorf("a media address that is good: %v", problem)
					}
				}
				for who, devices := range ended {
					for d, playing := range devices {
						soon(t, func() testkit.Answer { return d.beats(t, playing) }).Problem(t, http.StatusUnauthorized, "session_ended")
						soon(t, func() testkit.Answer { return d.play(t, "") }).Problem(t, http.StatusUnauthorized, "session_ended")
						for _, path := range []string{"/sessions", "/streams"} {
							soon(t, func() testkit.Answer { return d.do(t, http.MethodGet, path, "") }).Problem(t, http.StatusUnauthorized, "session_ended")
						}
						testkit.Eventually(t, "it reads nothing, once it is known that it ended", func() bool {
							return d.do(t, http.MethodGet, "/content", "").Status == http.StatusUnauthorized
						})
						if answer := again.renew(t, playing["source"].(string))[0]; answer.problem() == nil {
							t.Errorf("the media address of the one that is %s is good again: %v", who, answer)
						}
					}
				}
			}
			testkit.Eventually(t, "who signs in again may play", func() bool {
				back := g.viewer(b.token(t, map[string]any{"sub": viewer, "session": "tv", "iat": time.Now().Unix()}))
				return back.play(t, "").Status == http.StatusOK
			})
		})
	}
}

// soon repeats a request that can't be answered yet, since the machine is busy.
func soon(t *testing.T, ask func() testkit.Answer) (answer testkit.Answer) {
	t.Helper()
	testkit.Eventually(t, "an answer but 503", func() bool {
		answer = ask()
		return answer.Status != http.StatusServiceUnavailable
	})
	return answer
}

// beats sends a heartbeat of a stream, with its ticket.
func (d *device) beats(t *testing.T, playing map[string]any) testkit.Answer {
	t.Helper()
	stream := playing["stream"].(map[string]any)
	return d.heartbeat(t, stream["id"].(string), "ticket="+stream["ticket"].(string))
}

// While user-svc can't say who was signed out, a device of an account that Redis has forgotten is neither let in nor refused for good, reading goes
// on, and nobody is signed out by half. Accounts that Redis knows don't notice.
func TestNobodyCanSayWhoWasSignedOut(t *testing.T) {
	t.Parallel()
	b := newBackend(t)
	server, own := ownRedis(t)
	g := startForeign(t, []map[string]any{b.setting(t)}, own)
	viewer := testkit.NewID()
	tv := g.viewer(b.token(t, map[string]any{"sub": viewer, "session": "tv"}))
	playing := tv.play(t, "").Want(t, http.StatusOK).JSON(t)
	other := start(t, sharing(g), accepting(t, b.setting(t)), func(c *config.Config) { c.UserSvcURL = "http://127.0.0.1:1" })
	other.content = g.content
	away := tv.beside(t, other)
	away.play(t, "").Want(t, http.StatusOK)
	away.do(t, http.MethodDelete, "/sessions", "").Problem(t, http.StatusServiceUnavailable, "unavailable")
	other.viewer(b.token(t, map[string]any{"sub": viewer, "session": "new"})).play(t, "").Want(t, http.StatusOK)

	server.FlushAll()
	for name, answer := range map[string]testkit.Answer{
		"a start": away.play(t, ""), "a heartbeat": away.beats(t, playing),
		"its first sight": other.viewer(b.token(t, map[string]any{"sub": testkit.NewID(), "session": "tv"})).play(t, ""),
	} {
		if answer.Problem(t, http.StatusServiceUnavailable, "unavailable").Header.Get("Retry-After") == "" {
			t.Errorf("%s: no Retry-After", name)
		}
	}
	away.do(t, http.MethodGet, "/content", "").Want(t, http.StatusOK)
	tv.beats(t, playing).Want(t, http.StatusOK)
}

// A user-svc of before knows nothing of ends of other issuers' accounts: their devices sign in and out as before.
func TestAnOlderUserSvcRecordsNoForeignEnds(t *testing.T) {
	t.Parallel()
	b := newBackend(t)
	older := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodDelete && strings.Contains(r.URL.Path, "/sessions/") {
			w.WriteHeader(http.StatusNoContent)
			return
		}
		w.Header().Set("Content-Type", "application/problem+json")
		w.WriteHeader(http.StatusNotFound)
		_, _ = w.Write([]byte(`{"status":404,"code":"not_found","detail":"x"}`))
	}))
	t.Cleanup(older.Close)
	g := startForeign(t, []map[string]any{b.setting(t)})
	before := start(t, sharing(g), accepting(t, b.setting(t)), func(c *config.Config) { c.UserSvcURL = older.URL })
	before.content = g.content
	tv := before.viewer(b.token(t, map[string]any{"sub": testkit.NewID(), "session": "tv"}))
	tv.playing(t, "")
	current, _ := tv.sessions(t)
	tv.do(t, http.MethodDelete, "/sessions/"+current, "").Want(t, http.StatusNoContent)
	tv.play(t, "").Problem(t, http.StatusUnauthorized, "session_ended")
}
