package httpapi_test

import (
	"net/http"
	"testing"

	"streamgate/libs/apitest"
	"streamgate/libs/listeners"
	"streamgate/libs/metrics"
	"streamgate/libs/testkit"
	"streamgate/session-svc/api"
	"streamgate/session-svc/internal/authorize"
	"streamgate/session-svc/internal/httpapi"
	numbers "streamgate/session-svc/internal/report"
)

func TestRoutesAndDocumentAgree(t *testing.T) {
	t.Parallel()
	engine, _, err := listeners.New(listeners.Options{
		Service: "session-svc", Spec: api.Spec, Log: testkit.Logger(t), Registry: metrics.NewRegistry("session-svc", "test"),
	}, httpapi.New(httpapi.Options{Decider: &authorize.Decider{}, Reports: &numbers.Reports{}, CMCD: true})) // with what is off by default
	if err != nil {
		t.Fatal(err)
	}
	apitest.Routes(t, api.Spec, engine.Routes())
}

func TestCatalogueIsPassedOn(t *testing.T) {
	t.Parallel()
	g, tv := signedIn(t)
	list := tv.do(t, http.MethodGet, "/content?q=bars&limit=5", "").Want(t, http.StatusOK)
	if list.Header.Get("X-Total-Count") != "1" || len(list.List(t)) != 1 {
		t.Errorf("%v %s", list.Header, list.Body)
	}
	passed := <-g.neigh.requests
	if passed.Form.Get("q") != "bars" || passed.Form.Get("limit") != "5" || passed.Header.Get("Authorization") != "" {
		t.Error("the query goes on, the token doesn't:", passed.Form, passed.Header)
	}
	if passed.Header.Get("X-Request-Id") != list.Header.Get("X-Request-Id") {
		t.Error("both logs should have the same request id")
	}
	tv.do(t, http.MethodGet, "/content/"+g.content, "").Want(t, http.StatusOK)
	tv.do(t, http.MethodHead, "/content/"+g.content, "").Want(t, http.StatusOK)
	tv.do(t, http.MethodGet, "/content/"+testkit.NewID(), "").Problem(t, http.StatusNotFound, "content_not_found")
	testkit.Do(t, http.MethodGet, g.PublicURL+"/content", "").Problem(t, http.StatusUnauthorized, "token_required")
}

func TestCatalogueIsChangedByAdministratorsAlone(t *testing.T) {
	t.Parallel()
	g, tv := signedIn(t)
	item := `{"type":"vod","name":"Bars","src":"demo/bars.mp4"}`
	tv.do(t, http.MethodPost, "/content", item).Problem(t, http.StatusForbidden, "admin_required")
	tv.do(t, http.MethodPut, "/content/"+g.content, item).Problem(t, http.StatusForbidden, "admin_required")
	tv.do(t, http.MethodDelete, "/content/"+g.content, "").Problem(t, http.StatusForbidden, "admin_required")
	if len(g.neigh.requests) != 0 {
		t.Error("a refused request went on")
	}
	tv.becomeAdmin(t)
	if made := tv.do(t, http.MethodPost, "/content", item).Want(t, http.StatusCreated); made.Header.Get("Location") != "/content/"+g.content {
		t.Error(made.Header)
	}
	tv.do(t, http.MethodPut, "/content/"+g.content, "name=Bars").Want(t, http.StatusOK)
	tv.do(t, http.MethodDelete, "/content/"+g.content, "").Want(t, http.StatusNoContent)
	tv.do(t, http.MethodPost, "/content", `{"name":"a"}}`).Problem(t, http.StatusBadRequest, "invalid_input", "body")
	tv.do(t, http.MethodPost, "/content", "name=a&name=b").Problem(t, http.StatusBadRequest, "invalid_input", "name")
}

func TestContentServiceAway(t *testing.T) {
	t.Parallel()
	g, tv := signedIn(t)
	tv.playing(t, "")
	g.neigh.Close()
	tv.playing(t, "") // what was just asked is still known
	away := tv.do(t, http.MethodGet, "/content", "").Problem(t, http.StatusServiceUnavailable, "unavailable")
	if away.Header.Get("Retry-After") == "" {
		t.Error("no Retry-After")
	}
}
