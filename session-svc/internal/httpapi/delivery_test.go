package httpapi_test

import (
	"bufio"
	"net/http"
	"strings"
	"testing"
	"time"

	"streamgate/libs/jwtauth"
	"streamgate/libs/peer"
	"streamgate/libs/testkit"
)

// delivery is the answer about one stream.
type delivery map[string]any

func (d delivery) problem() map[string]any {
	document, _ := d["problem"].(map[string]any)
	return document
}

// renew asks about streams by their sources, each of which may have more fields behind it, such as `,"sent":1000`.
func (g *gate) renew(t *testing.T, sources ...string) []delivery {
	t.Helper()
	var questions []string
	for _, source := range sources {
		source, more, _ := strings.Cut(source, ",")
		if more != "" {
			more = "," + more
		}
		questions = append(questions, `{"grant":"`+grantOf(t, source)+`"`+more+`}`)
	}
	answer := g.internal(t, http.MethodPost, "/internal/leases/renew", `{"renewals":[`+strings.Join(questions, ",")+`]}`).Want(t, http.StatusOK).JSON(t)
	all, _ := answer["deliveries"].([]any)
	if answer["lease"] != float64(lease.Milliseconds()) || len(all) != len(sources) {
		t.Fatal(answer)
	}
	deliveries := make([]delivery, len(all))
	for i := range all {
		deliveries[i], _ = all[i].(map[string]any)
	}
	return deliveries
}

func TestManyRenewalsInOneCall(t *testing.T) {
	t.Parallel()
	tv := start(t).signIn(t, "TV")
	first, played := tv.playing(t, "")
	_, other := tv.playing(t, "")
	tv.do(t, http.MethodDelete, "/streams/"+first, "").Want(t, http.StatusNoContent)
	answers := tv.renew(t, played, other+`,"sent":60000,"want":30000`, "http://x/media/forged/film.mp4")
	if p := answers[0].problem(); p["code"] != "stream_ended" || p["by"] != "TV" {
		t.Error(answers[0])
	}
	if a := answers[1]; a["holds"] != 60000.0 || a["ahead"] != 60000.0 || a["credit"] != 30000.0 || a["wait"] != nil {
		t.Error(a)
	}
	if p := answers[2].problem(); p["status"] != 400.0 {
		t.Error(answers[2])
	}
	for _, body := range []string{`{}`, `{"renewals":[]}`, `{"renewals":[` + strings.Repeat(`{"grant":"x"},`, 200) + `{"grant":"x"}]}`} {
		tv.internal(t, http.MethodPost, "/internal/leases/renew", body).Problem(t, http.StatusBadRequest, "invalid_input", "renewals")
	}
	if p := tv.renew(t, other+`,"sent":-1`)[0].problem(); p["status"] != 400.0 {
		t.Error(p)
	}
}

// A player that plays from its buffer is counted.
func TestWhatWasSentHoldsTheSlot(t *testing.T) {
	t.Parallel()
	tv := start(t).signIn(t, "TV")
	id, source := tv.playing(t, "")
	tv.renew(t, source+`,"sent":60000`)
	for range 2 {
		tv.playing(t, "")
	}
	testkit.Eventually(t, "the others lapse", func() bool { return len(tv.active(t)) == 1 })
	refusal := tv.do(t, http.MethodGet, "/streams", "").Want(t, http.StatusOK).JSON(t)
	streams, _ := refusal["streams"].([]any)
	shown, _ := streams[0].(map[string]any)
	expires, err := time.Parse(time.RFC3339, shown["expiresAt"].(string))
	if err != nil || shown["id"] != id || time.Until(expires) < 45*time.Second {
		t.Error(shown)
	}
	tv.do(t, http.MethodDelete, "/streams/"+id, "").Want(t, http.StatusNoContent) // at once, all the same
	if active := tv.active(t); len(active) != 0 {
		t.Error(active)
	}
}

func TestStartsAreBounded(t *testing.T) {
	t.Parallel()
	tv := start(t).signIn(t, "TV")
	for range 100 {
		answer := tv.play(t, "?player=carousel")
		if answer.Status == http.StatusOK {
			continue
		}
		answer.Problem(t, http.StatusTooManyRequests, "too_many_starts")
		if seconds := answer.Header.Get("Retry-After"); seconds != "1" && seconds != "2" {
			t.Errorf("Retry-After %q", seconds)
		}
		return
	}
	t.Error("a hundred starts in a row")
}

func TestEndsAreTold(t *testing.T) {
	t.Parallel()
	g := start(t)
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, g.InternalURL+"/internal/streams/ends", nil)
	if err != nil {
		t.Fatal(err)
	}
	request.Header.Set(peer.SecretHeader, secret)
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	told := make(chan string, 100)
	go func() {
		defer close(told)
		for lines := bufio.NewScanner(response.Body); lines.Scan(); {
			if line := lines.Text(); line != "" {
				told <- line
			}
		}
	}()
	want := func(id string) {
		t.Helper()
		timeout := time.After(10 * time.Second)
		for {
			select {
			case line := <-told:
				if line == id {
					return
				}
			case <-timeout:
				t.Fatalf("the end of %s is not told", id)
			}
		}
	}
	tv, phone := g.signIn(t, "TV"), g.signIn(t, "Phone")
	stopped, _ := tv.playing(t, "")
	tv.do(t, http.MethodDelete, "/streams/"+stopped, "").Want(t, http.StatusNoContent)
	want(stopped)
	replaced, _ := tv.playing(t, "?player=p")
	tv.playing(t, "?player=p")
	want(replaced)
	signedOut, _ := phone.playing(t, "")
	tv.do(t, http.MethodDelete, "/sessions", "").Want(t, http.StatusNoContent)
	want(signedOut)
}

// A plan that was lowered counts for what was granted before.
func TestALoweredPlanCountsAtOnce(t *testing.T) {
	t.Parallel()
	g, tv := signedIn(t)
	first, _ := tv.playing(t, "")
	second, source := tv.playing(t, "")
	support := g.signIn(t, "Support")
	support.token = g.sign(t, jwtauth.Claims{Account: g.account, Session: support.session, Role: jwtauth.RoleAdmin, Limit: 3})
	support.do(t, http.MethodPut, "/accounts/"+g.account+"/plan", `{"maxStreams":1,"onLimit":"deny"}`).Want(t, http.StatusOK)
	testkit.Eventually(t, "both lapse", func() bool { return len(tv.active(t)) == 0 })
	tv.do(t, http.MethodPost, "/streams/"+first+"/heartbeat", "").Want(t, http.StatusOK)
	if p := tv.renew(t, source)[0].problem(); p["code"] != "stream_limit_reached" || p["limit"] != 1.0 {
		t.Errorf("%s by its grant: %v", second, p)
	}
	if listed := tv.do(t, http.MethodGet, "/streams", "").Want(t, http.StatusOK).JSON(t); listed["limit"] != 1.0 {
		t.Error(listed)
	}
}
