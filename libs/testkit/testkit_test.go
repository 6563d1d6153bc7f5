package testkit_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/gin-gonic/gin"
	"github.com/redis/go-redis/v9"

	"streamgate/libs/metrics"
	"streamgate/libs/service"
	"streamgate/libs/testkit"
)

// said returns the failure of a test, or "".
func said(t *testing.T, test func(t testing.TB)) string {
	t.Helper()
	return strings.Join(testkit.Failures(t, test), "\n")
}

func TestDo(t *testing.T) {
	t.Parallel()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/away" {
			http.Redirect(w, r, "/", http.StatusFound)
			return
		}
		body, _ := io.ReadAll(r.Body)
		name, password, _ := r.BasicAuth()
		header := r.Header.Get
		fmt.Fprintf(w, "%s %s %s %s %s%s %s", r.Method, header("Content-Type"), body, header("X-Some"), name, password, header("Authorization"))
	}))
	t.Cleanup(server.Close)
	plain := testkit.Header("Content-Type", "text/plain")
	for want, answer := range map[string]testkit.Answer{
		"GET     ": testkit.Do(t, "GET", server.URL, ""),
		"PUT application/x-www-form-urlencoded a=b   ": testkit.Do(t, "PUT", server.URL, "a=b"),
		`POST application/json {"a":1}   `:             testkit.Do(t, "POST", server.URL, `{"a":1}`),
		`POST text/plain {"a":1} x  Bearer t`:          testkit.Do(t, "POST", server.URL, `{"a":1}`, plain, testkit.Header("X-Some", "x"), testkit.Bearer("t")),
		"GET    up Basic dTpw":                         testkit.Do(t, "GET", server.URL, "", testkit.Basic("u", "p")),
	} {
		if got := string(answer.Want(t, 200).Body); got != want {
			t.Errorf("sent %q, want %q", got, want)
		}
	}
	testkit.Do(t, "GET", server.URL+"/away", "").Want(t, 302)
}

func TestAnswersFailTheTest(t *testing.T) {
	t.Parallel()
	problem := testkit.Answer{
		Status: 400, Header: http.Header{"Content-Type": {"application/problem+json"}},
		Body: []byte(`{"type":"urn:streamgate:problem:invalid_input","status":400,"code":"invalid_input","errors":[{"field":"email"}]}`),
	}
	other := problem
	other.Header = http.Header{"Content-Type": {"text/plain"}}
	for want, test := range map[string]func(t testing.TB){
		"":                            func(t testing.TB) { problem.Problem(t, 400, "invalid_input", "email") },
		"status 400, want 404":        func(t testing.TB) { problem.Problem(t, 404, "invalid_input") },
		"want code other":             func(t testing.TB) { problem.Problem(t, 400, "other") },
		"doesn't name field password": func(t testing.TB) { problem.Problem(t, 400, "invalid_input", "email", "password") },
		`content type "text/plain"`:   func(t testing.TB) { other.Problem(t, 400, "invalid_input") },
		"status 400, want 200":        func(t testing.TB) { problem.Want(t, 200) },
		"unmarshal JSON object":       func(t testing.TB) { problem.List(t) },
		"EOF":                         func(t testing.TB) { testkit.Answer{}.JSON(t) },
	} {
		if got := said(t, test); (got == "") != (want == "") || !strings.Contains(got, want) {
			t.Errorf("fails with %q, want %q", got, want)
		}
	}
	if got := (testkit.Answer{Body: []byte(`[{"a":1}]`)}).List(t); len(got) != 1 || got[0]["a"] != 1.0 {
		t.Errorf("list %v", got)
	}
}

func TestRun(t *testing.T) {
	t.Parallel()
	closed := false
	s := &service.Service{
		Registry: metrics.NewRegistry("", ""), Log: testkit.Logger(t),
		Public: http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, "here") }),
		Close:  []func(context.Context) error{func(context.Context) error { closed = true; return nil }},
	}
	t.Cleanup(func() { // after Run's own
		if !closed {
			t.Error("it was not stopped with its test")
		}
	})
	running := testkit.Run(t, s)
	if got := string(testkit.Do(t, "GET", running.PublicURL, "").Want(t, 200).Body); got != "here" {
		t.Errorf("answered %s", got)
	}
}

func TestRunOfAServiceThatFails(t *testing.T) {
	t.Parallel()
	s := &service.Service{Registry: metrics.NewRegistry("", ""), Log: testkit.Logger(t), Prepare: []service.Step{{
		Name: "try", Do: func(context.Context) error { return service.Permanent(errors.New("no luck")) },
	}}}
	if got := said(t, func(f testing.TB) { testkit.Run(f, s) }); got != "start: try: no luck" {
		t.Errorf("fails with %q", got)
	}
}

func TestStores(t *testing.T) {
	t.Parallel()
	options, err := redis.ParseURL(testkit.Redis(t))
	if err != nil {
		t.Fatal(err)
	}
	client := redis.NewClient(options)
	t.Cleanup(func() { _ = client.Close() })
	if err := client.Ping(t.Context()).Err(); err != nil {
		t.Error(err)
	}
	if a, b := testkit.NewID(), testkit.NewID(); len(a) != 24 || a == b || strings.Trim(a, "0123456789abcdef") != "" {
		t.Errorf("ids %s and %s", a, b)
	}
	uri, one := testkit.Mongo(t)
	if _, two := testkit.Mongo(t); uri == "" || one == two {
		t.Errorf("two tests share the database %s of %s", one, uri)
	}
}

func TestEventually(t *testing.T) {
	t.Parallel()
	tries := 0
	testkit.Eventually(t, "the third try", func() bool { tries++; return tries == 3 })
	if tries != 3 {
		t.Errorf("tried %d times", tries)
	}
}

func TestWalk(t *testing.T) {
	t.Parallel()
	gin.SetMode(gin.ReleaseMode)
	refuse := func(status int) gin.HandlerFunc {
		return func(c *gin.Context) {
			c.Header("X-Request-Id", "1")
			c.Data(status, "application/problem+json", []byte(`{"code":"refused"}`))
		}
	}
	for name, want := range map[string]struct {
		broken func(e *gin.Engine)
		said   string
	}{
		"good":          {func(*gin.Engine) {}, ""},
		"panic":         {func(e *gin.Engine) { e.POST("/things/mine", func(*gin.Context) { panic(http.ErrAbortHandler) }) }, "POST /things/mine: "},
		"slash":         {func(e *gin.Engine) { e.PATCH("/things/", refuse(500)) }, "PATCH /things/ is answered 500"},
		"neighbour":     {func(e *gin.Engine) { e.PUT("/things/min", refuse(500)) }, "PUT /things/min is answered 500"},
		"plain refusal": {func(e *gin.Engine) { e.PUT("/things", func(c *gin.Context) { c.String(400, "no") }) }, "PUT /things is answered 400 without a problem document"},
		"no methods":    {func(e *gin.Engine) { e.PUT("/things", refuse(405)) }, "PUT /things is answered 405 without the methods"},
	} {
		engine := gin.New()
		engine.RedirectTrailingSlash = false
		engine.GET("/things/mine", refuse(401))
		engine.GET("/things/:id", refuse(401))
		engine.NoRoute(refuse(404))
		want.broken(engine)
		said := testkit.Failures(t, func(t testing.TB) { testkit.Walk(t, engine) })
		if (len(said) == 0) != (want.said == "") || !strings.Contains(strings.Join(said, "\n"), want.said) {
			t.Errorf("%s: said %q", name, said)
		}
	}
}
