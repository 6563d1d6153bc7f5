package httpapi_test

import (
	"net/http"
	"testing"

	"streamgate/libs/testkit"
)

func TestTheHouse(t *testing.T) {
	t.Parallel()
	tv := start(t).signIn(t, "TV")
	tv.do(t, http.MethodGet, "/house", "").Problem(t, http.StatusForbidden, "admin_required")
	for range 3 {
		tv.play(t, "").Want(t, http.StatusOK)
	}
	tv.play(t, "").Problem(t, http.StatusForbidden, "stream_limit_reached")
	tv.becomeAdmin(t)
	// Others use the same Redis, so only our part is sure to be there.
	testkit.Eventually(t, "the starts are counted", func() bool {
		house := tv.do(t, http.MethodGet, "/house", "").Want(t, http.StatusOK).JSON(t)
		outcomes, _ := house["outcomes"].(map[string]any)
		granted, _ := outcomes["granted"].(float64)
		refused, _ := outcomes["limit_reached"].(float64)
		levels, _ := house["levels"].([]any)
		minutes, _ := house["minutes"].([]any)
		return granted >= 3 && refused >= 1 && len(levels) >= 3 && len(minutes) >= 59
	})
}

// What plays is counted as it is, however a stream ends, and though each of them would hold its slot for a minute more.
func TestTheHouseCountsWhatPlaysNow(t *testing.T) {
	t.Parallel()
	g := start(t, alone(t))
	desk := g.signIn(t, "Desk")
	desk.becomeAdmin(t)
	plays := func(what string, want float64) {
		t.Helper()
		testkit.Eventually(t, what, func() bool {
			return desk.do(t, http.MethodGet, "/house", "").Want(t, http.StatusOK).JSON(t)["playing"] == want
		})
	}
	tv, phone := g.signIn(t, "TV"), g.signIn(t, "Phone")
	covered := func(d *device, query string) (id string) {
		t.Helper()
		id, source := d.playing(t, query)
		d.renew(t, source+`,"sent":60000`)
		return id
	}
	first, second := covered(tv, "?player=screen"), covered(tv, "")
	covered(phone, "")
	plays("three play", 3)
	tv.do(t, http.MethodDelete, "/streams/"+second, "").Want(t, http.StatusNoContent)
	plays("one was stopped", 2)
	second = covered(tv, "")
	phone.do(t, http.MethodDelete, "/streams/"+second, "").Want(t, http.StatusNoContent)
	plays("one was ended by another device", 2)
	first = covered(tv, "?replace="+first)
	plays("one took another's place", 2)
	covered(tv, "?player=screen")
	covered(tv, "?player=screen")
	plays("a player counts once", 3)
	phone.do(t, http.MethodDelete, "/sessions/"+phone.session, "").Want(t, http.StatusNoContent)
	plays("a device was signed out", 2)
	tv.heartbeat(t, first, "").Want(t, http.StatusOK)
	plays("what sends heartbeats lives by them, and lapses", 1)
}

func TestSupportSeesAndEndsDevices(t *testing.T) {
	t.Parallel()
	g := start(t)
	tv, phone := g.signIn(t, "TV"), g.signIn(t, "Phone")
	path := "/accounts/" + tv.account + "/sessions"
	tv.do(t, http.MethodGet, path, "").Problem(t, http.StatusForbidden, "admin_required")
	support := g.signIn(t, "Desk")
	support.becomeAdmin(t)
	if devices := support.do(t, http.MethodGet, path, "").Want(t, http.StatusOK).List(t); len(devices) < 2 {
		t.Errorf("%v", devices)
	}
	id, _ := phone.playing(t, "")
	support.do(t, http.MethodDelete, path+"/"+phone.session, "").Want(t, http.StatusNoContent)
	if ended := phone.do(t, http.MethodPost, "/streams/"+id+"/heartbeat", "").Problem(t, http.StatusGone, "stream_ended").JSON(t); ended["by"] != "support" {
		t.Errorf("%v", ended)
	}
	support.do(t, http.MethodDelete, path+"/nonsense", "").Problem(t, http.StatusBadRequest, "invalid_input", "session")
	support.do(t, http.MethodDelete, path, "").Want(t, http.StatusNoContent)
	testkit.Eventually(t, "all devices are signed out", func() bool { return tv.do(t, http.MethodGet, "/streams", "").Status == http.StatusUnauthorized })
}
