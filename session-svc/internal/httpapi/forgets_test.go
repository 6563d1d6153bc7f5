package httpapi_test

import (
	"net/http"
	"slices"
	"testing"

	"github.com/redis/go-redis/v9"

	"streamgate/session-svc/internal/config"
)

// forget makes Redis forget the account, as a loss of its memory does.
func (g *gate) forget(t *testing.T) {
	t.Helper()
	o, err := redis.ParseURL(g.cfg.Redis.URL)
	if err != nil {
		t.Fatal(err)
	}
	client := redis.NewClient(o)
	defer client.Close() //nolint:errcheck // a client of the test's own
	if err := client.Del(t.Context(), "a:{"+g.account+"}", "s:{"+g.account+"}").Err(); err != nil {
		t.Fatal(err)
	}
}

func (g *gate) alive(t *testing.T, d *device) bool {
	t.Helper()
	return g.internal(t, http.MethodGet, "/internal/accounts/"+g.account+"/sessions/"+d.session, "").Status == http.StatusNoContent
}

// Whatever Redis forgets, nobody who was signed out comes back, by whichever token, and everybody else goes on with the
// name and the refresh token that he had.
func TestWhatRedisForgets(t *testing.T) {
	t.Parallel()
	for name, signOut := range map[string]func(tv, phone *device){
		"one by another": func(tv, phone *device) {
			phone.do(t, http.MethodDelete, "/sessions/"+tv.session, "").Want(t, http.StatusNoContent)
		},
		"all others": func(_, phone *device) { phone.do(t, http.MethodDelete, "/sessions", "").Want(t, http.StatusNoContent) },
		"by the support desk": func(tv, phone *device) {
			desk := *phone
			desk.becomeAdmin(t)
			desk.do(t, http.MethodDelete, "/accounts/"+tv.account+"/sessions/"+tv.session, "").Want(t, http.StatusNoContent)
		},
		"by a refresh token used twice": func(tv, _ *device) {
			next := tv.refresh(t, tv.refreshToken).Want(t, http.StatusOK).JSON(t)["refreshToken"].(string)
			tv.refresh(t, next).Want(t, http.StatusOK)
			tv.refresh(t, tv.refreshToken).Problem(t, http.StatusUnauthorized, "refresh_token_reused")
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			g := start(t)
			tv, phone := g.signIn(t, "TV"), g.signIn(t, "Phone")
			_, source := tv.playing(t, "")
			signOut(tv, phone)
			for range 2 {
				g.forget(t)
				other := start(t, sharing(g)) // which remembers nothing either
				other.account, other.content, other.key = g.account, g.content, g.key
				gone, kept := &device{other, tv.session, tv.token, tv.refreshToken}, &device{other, phone.session, phone.token, phone.refreshToken}
				gone.play(t, "").Problem(t, http.StatusUnauthorized, "session_ended")
				gone.do(t, http.MethodGet, "/content", "").Problem(t, http.StatusUnauthorized, "session_ended")
				gone.do(t, http.MethodGet, "/sessions", "").Problem(t, http.StatusUnauthorized, "session_ended")
				gone.refresh(t, gone.refreshToken).Problem(t, http.StatusUnauthorized, "refresh_token_invalid")
				renewal := `{"renewals":[{"grant":"` + grantOf(t, source) + `","sent":0,"want":0,"idle":0}]}`
				answer := other.internal(t, http.MethodPost, "/internal/leases/renew", renewal).Want(t, http.StatusOK).JSON(t)
				if delivery := answer["deliveries"].([]any)[0].(map[string]any); delivery["problem"] == nil {
					t.Error("its media address is good again:", delivery)
				}
				if other.alive(t, gone) || !other.alive(t, kept) {
					t.Error("the other services are told otherwise")
				}
				phone.refreshToken = kept.refresh(t, kept.refreshToken).Want(t, http.StatusOK).JSON(t)["refreshToken"].(string)
				kept.do(t, http.MethodGet, "/content", "").Want(t, http.StatusOK)
				var names []string
				for _, s := range kept.do(t, http.MethodGet, "/sessions", "").Want(t, http.StatusOK).List(t) {
					names = append(names, s["device"].(string))
				}
				if !slices.Equal(names, []string{"recorded"}) {
					t.Error(names)
				}
			}
		})
	}
}

// While user-svc can't say who is signed in, what Redis has forgotten is neither taken back nor refused for good, and
// nobody is signed out by half.
func TestNobodyCanSayWhoIsSignedIn(t *testing.T) {
	t.Parallel()
	g := start(t, func(c *config.Config) { c.UserSvcURL = "http://127.0.0.1:1" })
	tv, phone := g.signIn(t, "TV"), g.signIn(t, "Phone")
	g.forget(t)
	tv.play(t, "").Problem(t, http.StatusServiceUnavailable, "unavailable")
	tv.refresh(t, tv.refreshToken).Problem(t, http.StatusServiceUnavailable, "unavailable")
	tv.do(t, http.MethodDelete, "/sessions/"+phone.session, "").Problem(t, http.StatusServiceUnavailable, "unavailable")
}
