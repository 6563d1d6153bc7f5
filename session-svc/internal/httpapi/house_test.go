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
