package problem_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/go-json-experiment/json"

	"streamgate/libs/fault"
	"streamgate/libs/problem"
	"streamgate/libs/testkit"
)

// write answers a request with the error, and returns the answer and the log.
func write(t *testing.T, r *http.Request, err error) (testkit.Answer, string) {
	t.Helper()
	var log bytes.Buffer
	w := httptest.NewRecorder()
	w.Header().Set(problem.RequestIDHeader, "request-1")
	w.Header().Set("ETag", `"of the file"`)
	problem.Write(w, r, slog.New(slog.NewTextHandler(&log, nil)), err)
	return testkit.Answer{Status: w.Code, Header: w.Header(), Body: w.Body.Bytes()}, log.String()
}

func get(t *testing.T) *http.Request {
	return httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/?token=secret", nil)
}

func TestStatusOfEveryKind(t *testing.T) {
	t.Parallel()
	for kind, status := range map[fault.Kind]int{
		fault.Internal: 500, fault.Invalid: 400, fault.Unauthenticated: 401, fault.Forbidden: 403, fault.NotFound: 404,
		fault.MethodNotAllowed: 405, fault.Conflict: 409, fault.Gone: 410, fault.TooLarge: 413, fault.HeadersTooLarge: 431,
		fault.UnsupportedMedia: 415, fault.Unprocessable: 422, fault.PreconditionFailed: 412, fault.RangeNotSatisfiable: 416, fault.TooManyRequests: 429, fault.Unavailable: 503,
	} {
		err := fmt.Errorf("handler: %w", fault.New(kind, "some_code", "Some words."))
		answer, _ := write(t, get(t), err)
		answer.Problem(t, status, "some_code")
		if got := problem.Status(err); got != status {
			t.Errorf("Status returns %d, want %d", got, status)
		}
		if got := problem.KindOfStatus(status); got != kind {
			t.Errorf("%d comes back as kind %d, want %d", status, got, kind)
		}
	}
	if got := problem.KindOfStatus(http.StatusTeapot); got != fault.Internal {
		t.Errorf("an unknown status is kind %d", got)
	}
}

func TestDocumentIsComplete(t *testing.T) {
	t.Parallel()
	answer, _ := write(t, get(t), &fault.Error{
		Kind: fault.Forbidden, Code: "stream_limit_reached", Detail: "Three streams are running.", RetryAfter: 1200 * time.Millisecond,
		Fields: []fault.Field{{Name: "device", Detail: "too long"}}, Members: map[string]any{"limit": 3}, Challenge: "Bearer",
	})
	want := `{"type":"urn:streamgate:problem:stream_limit_reached","title":"Forbidden","status":403,"code":"stream_limit_reached",` +
		`"detail":"Three streams are running.","errors":[{"field":"device","detail":"too long"}],"requestId":"request-1","limit":3}`
	if string(answer.Body) != want {
		t.Errorf("document\n%s, want\n%s", answer.Body, want)
	}
	for name, value := range map[string]string{
		"Content-Type": problem.ContentType, "Cache-Control": "no-store", "Retry-After": "2", "WWW-Authenticate": "Bearer", "ETag": "",
		"Content-Length": strconv.Itoa(len(want)),
	} {
		if got := answer.Header.Get(name); got != value {
			t.Errorf("%s: %q, want %q", name, got, value)
		}
	}
}

func TestAPageAsksForThePasswordItself(t *testing.T) {
	t.Parallel()
	for challenge, want := range map[string]string{fault.BasicChallenge: "x" + fault.BasicChallenge, fault.BearerChallenge: fault.BearerChallenge} {
		refusal := fault.New(fault.Unauthenticated, "some_code", "Some words.").Challenging(challenge)
		page := get(t)
		page.Header.Set("Origin", "https://www.example.com")
		if answer, _ := write(t, page, refusal); answer.Header.Get("WWW-Authenticate") != want {
			t.Errorf("a page is told %q, want %q", answer.Header.Get("WWW-Authenticate"), want)
		}
		if answer, _ := write(t, get(t), refusal); answer.Header.Get("WWW-Authenticate") != challenge {
			t.Errorf("others are told %q, want %q", answer.Header.Get("WWW-Authenticate"), challenge)
		}
	}
}

func TestUnclassifiedErrorsSayNothingOfOurInsides(t *testing.T) {
	t.Parallel()
	secret := errors.New("mongodb://user:hunter2@10.0.0.1 refused")
	for name, test := range map[string]struct {
		err    error
		status int
		code   string
	}{
		"plain":     {secret, 500, "internal"},
		"cause":     {fault.Away("The database", secret), 503, "unavailable"},
		"deadline":  {fmt.Errorf("%w: %w", secret, context.DeadlineExceeded), 503, "unavailable"},
		"our own":   {fmt.Errorf("%w: %w", secret, context.Canceled), 500, "internal"},
		"body size": {fmt.Errorf("%w: %w", secret, &http.MaxBytesError{Limit: 10}), 413, "body_too_large"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			answer, log := write(t, get(t), test.err)
			answer.Problem(t, test.status, test.code)
			if strings.Contains(string(answer.Body), "hunter2") {
				t.Errorf("the answer tells: %s", answer.Body)
			}
			if test.status == 500 && !strings.Contains(log, "hunter2") {
				t.Errorf("the log doesn't tell why: %s", log)
			}
			if strings.Contains(log, "token=secret") {
				t.Errorf("the log has the query: %s", log)
			}
		})
	}
}

func TestJoinedErrorsNameAllFields(t *testing.T) {
	t.Parallel()
	query, body := fault.BadField("page", "must be an integer"), fault.BadField("email", "missing")
	answer, _ := write(t, get(t), fmt.Errorf("sign up: %w", errors.Join(errors.Join(query, nil), body)))
	answer.Problem(t, 400, "invalid_input", "page")
	answer, _ = write(t, get(t), errors.Join(errors.Join(query, nil), body))
	answer.Problem(t, 400, "invalid_input", "page", "email")
	answer, _ = write(t, get(t), errors.Join(fault.New(fault.NotFound, "not_found", "Nothing."), body))
	answer.Problem(t, 404, "not_found")
}

func TestWhatIsNotUTF8StillGetsADocument(t *testing.T) {
	t.Parallel()
	answer, log := write(t, get(t), fault.BadField("na\xffme", "has \xc3\x28"))
	answer.Problem(t, 400, "invalid_input", "na\ufffdme")
	if log != "" {
		t.Errorf("logged %s", log)
	}
}

func TestOnlyOurFaultsAreLogged(t *testing.T) {
	t.Parallel()
	if _, log := write(t, get(t), fault.BadField("email", "missing")); log != "" {
		t.Errorf("a client's fault is in the log: %s", log)
	}
	lines := 0
	for range 200 {
		_, log := write(t, get(t), fault.Away("The database", errors.New("refused")))
		lines += strings.Count(log, "\n")
	}
	if lines > 20 {
		t.Errorf("a database that is away filled the log with %d lines for 200 requests", lines)
	}
}

func TestNobodyWaits(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	answer, log := write(t, httptest.NewRequestWithContext(ctx, http.MethodGet, "/", nil), fault.Away("Redis", ctx.Err()))
	if answer.Status != 499 || len(answer.Body) != 0 || log != "" {
		t.Errorf("status %d, body %s, log %s; want 499 and no words", answer.Status, answer.Body, log)
	}
}

func TestMembersThatJSONCannotCarry(t *testing.T) {
	t.Parallel()
	_, log := write(t, get(t), &fault.Error{Kind: fault.Gone, Code: "x", Members: map[string]any{"channel": make(chan int)}})
	if !strings.Contains(log, "problem document") {
		t.Errorf("the log doesn't tell: %q", log)
	}
}

func FuzzWrite(f *testing.F) {
	f.Add("email", "missing")
	f.Add("\xff", "\x00")
	f.Fuzz(func(t *testing.T, name, detail string) {
		answer, _ := write(t, get(t), fault.BadField(name, "%s", detail))
		var document struct{ Errors []fault.Field }
		if err := json.Unmarshal(answer.Body, &document, json.MatchCaseInsensitiveNames(true)); err != nil || len(document.Errors) != 1 {
			t.Errorf("%s: %v", answer.Body, err)
		}
	})
}

// Browsers hide a document from a media element of another origin, and then take it for a broken connection.
func TestAMediaElementGetsNoDocument(t *testing.T) {
	t.Parallel()
	err := fault.New(fault.Forbidden, "stream_limit_reached", "Three streams are running.").After(1200 * time.Millisecond)
	for _, test := range []struct {
		dest, encoding string
		empty          bool
	}{
		{"video", "identity;q=1, *;q=0", true},
		{"audio", "", true},
		{"", "identity;q=1, *;q=0", true}, // Chromium, of an origin that is not secure
		{"", "", false},
		{"", "identity", false},
		{"", "gzip, deflate, br", false},
		{"empty", "gzip", false}, // fetch and XMLHttpRequest, which hls.js uses
		{"empty", "identity;q=1, *;q=0", false},
		{"document", "", false},
	} {
		r := get(t)
		r.Header.Set("Sec-Fetch-Dest", test.dest)
		r.Header.Set("Accept-Encoding", test.encoding)
		answer, _ := write(t, r, err)
		if answer.Want(t, 403); answer.Header.Get("Retry-After") != "2" || answer.Header.Get("Cache-Control") != "no-store" || answer.Header.Get("ETag") != "" {
			t.Errorf("%+v: %v", test, answer.Header)
		}
		if !test.empty {
			answer.Problem(t, 403, "stream_limit_reached")
		} else if len(answer.Body) != 0 || answer.Header.Get("Content-Type") != "" || answer.Header.Get("Content-Length") != "0" {
			t.Errorf("%+v: %v %s", test, answer.Header, answer.Body)
		}
	}
}
