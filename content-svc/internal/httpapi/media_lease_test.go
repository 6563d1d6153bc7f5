package httpapi_test

import (
	"bufio"
	"bytes"
	"io"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"streamgate/content-svc/internal/httpapi"
	"streamgate/libs/grant"
	"streamgate/libs/testkit"
)

func TestAnEndedStreamIsGoneWithinFourSeconds(t *testing.T) {
	t.Parallel()
	p := newPlayer(t, files{"a.mp4": "a"})
	address := p.address(t, "a.mp4", "a.mp4")
	testkit.Do(t, "GET", address, "").Want(t, 200)
	p.ends()
	p.pass(4 * time.Second)
	testkit.Do(t, "GET", address, "") // has it asked about, though nobody told of the end
	testkit.Eventually(t, "a question", func() bool { return p.counted(t, "lease_questions_total", "ended") == 1 })
	a := testkit.Do(t, "GET", address, "").Problem(t, 410, "stream_ended")
	if document := a.JSON(t); document["reason"] != "terminated" || document["by"] != "Living room" || document["requestId"] != a.Header.Get("X-Request-Id") {
		t.Errorf("problem %s", a.Body)
	}
	p.lives(ten)
	p.pass(time.Minute)
	testkit.Do(t, "GET", address, "").Problem(t, 410, "stream_ended")
	if p.counted(t, "media_answers_total", "ended") != 2 || p.counted(t, "lease_questions_total", "ended") != 1 {
		t.Error("not counted")
	}
}

func TestARefusalNamesWhatPlays(t *testing.T) {
	t.Parallel()
	p := newPlayer(t, files{"a.mp4": "a"})
	p.refuses()
	address := p.address(t, "a.mp4", "a.mp4")
	a := testkit.Do(t, "GET", address, "").Problem(t, 403, "stream_limit_reached")
	document := a.JSON(t)
	streams, _ := document["streams"].([]any)
	if document["limit"] != 1.0 || document["active"] != 1.0 || len(streams) != 1 || a.Header.Get("Retry-After") != "7" {
		t.Errorf("problem %s, Retry-After %s", a.Body, a.Header.Get("Retry-After"))
	}
	p.lives(ten)
	p.pass(time.Second)
	testkit.Do(t, "GET", address, "").Want(t, 200)
	if p.counted(t, "media_answers_total", "limit") != 1 || p.counted(t, "lease_questions_total", "limit") != 1 {
		t.Error("not counted")
	}
}

func TestFiftyAtOnceAskOnce(t *testing.T) {
	t.Parallel()
	p := newPlayer(t, files{"a.mp4": "a"})
	address := p.address(t, "a.mp4", "a.mp4")
	for round := range int64(3) {
		var running sync.WaitGroup
		for range 50 {
			running.Go(func() { testkit.Do(t, "GET", address, "").Want(t, 200) })
		}
		running.Wait()
		p.pass(ten/3 + time.Second)
		testkit.Eventually(t, "a question when a third of the lease has passed", func() bool { return p.asked.Load() == round+2 })
	}
}

// Design, P5. Each way of being away counts: an error, a closed port, silence, nonsense, a wrong secret.
func TestPlayGoesOnWhileSessionSvcIsAway(t *testing.T) {
	t.Parallel()
	for name, leave := range map[string]func(*testing.T, *player){
		"error":    func(_ *testing.T, p *player) { p.isAway() },
		"internal": func(_ *testing.T, p *player) { p.problem(500, "internal", "") },
		"gone":     func(_ *testing.T, p *player) { p.Close() },
		"nonsense": func(_ *testing.T, p *player) { p.says(200, "text/html", "<h1>It works!</h1>") },
		"empty":    func(_ *testing.T, p *player) { p.says(200, "application/json", "{}") },
		"no proof": func(_ *testing.T, p *player) { p.says(410, "text/html", "<h1>Gone</h1>") },
		"secret":   func(_ *testing.T, p *player) { p.problem(401, "internal_secret_invalid", "") },
		"silence": func(t *testing.T, p *player) {
			t.Helper()
			p.mu.Lock()
			defer p.mu.Unlock()
			silent := make(chan struct{})
			t.Cleanup(func() { close(silent) })
			p.answer = func(http.ResponseWriter, int) { <-silent }
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := newPlayer(t, files{"a.mp4": "a"})
			running, fresh := p.address(t, "a.mp4", "a.mp4"), p.address(t, "a.mp4", "a.mp4")
			testkit.Do(t, "GET", running, "").Want(t, 200)
			leave(t, p)
			testkit.Do(t, "GET", fresh, "").Want(t, 200) // it was granted just now
			p.pass(ten + 4*time.Second)
			testkit.Do(t, "GET", running, "").Want(t, 200)
			stranger := p.url + "/media/" + p.grant(t, "a.mp4", func(g *grant.Grant) { g.Started = p.now().Add(-ten - time.Second) }) + "/a.mp4"
			testkit.Do(t, "GET", stranger, "").Problem(t, 503, "unavailable")
			p.pass(6*time.Second + time.Millisecond)
			began := time.Now()
			a := testkit.Do(t, "GET", running, "").Problem(t, 503, "unavailable")
			if seconds, err := strconv.Atoi(a.Header.Get("Retry-After")); err != nil || seconds < 1 || seconds > 4 {
				t.Errorf("Retry-After %q", a.Header.Get("Retry-After"))
			}
			if took := time.Since(began); took > 2*time.Second {
				t.Errorf("took %v", took)
			}
			if p.counted(t, "media_answers_total", "unavailable") != 2 || p.counted(t, "lease_questions_total", "failed") == 0 {
				t.Error("not counted")
			}
		})
	}
}

// start sends a request and reads the beginning of its answer.
func start(t *testing.T, address string) io.ReadCloser {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, address, nil)
	if err != nil {
		t.Fatal(err)
	}
	response, err := http.DefaultTransport.RoundTrip(request)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { response.Body.Close() })
	if response.StatusCode != http.StatusOK || response.ContentLength != long {
		t.Fatalf("status %d, %d bytes", response.StatusCode, response.ContentLength)
	}
	if _, err := io.CopyN(io.Discard, response.Body, 1<<20); err != nil {
		t.Fatal(err)
	}
	return response.Body
}

func TestAStreamThatEndsStopsInTheMiddle(t *testing.T) {
	t.Parallel()
	for name, end := range map[string]func(*player){
		"ended":  func(p *player) { p.ends(); p.streams.Missed() },
		"lapsed": func(p *player) { p.refuses(); p.pass(ten) },
		"away":   func(p *player) { p.isAway(); p.pass(2*ten + time.Millisecond) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := newPlayer(t, nil)
			p.writeLong(t)
			body := start(t, p.address(t, "long.mp4", "long.mp4"))
			end(p)
			n, err := io.Copy(io.Discard, body)
			if err == nil || n >= long-2<<20 {
				t.Errorf("%d more bytes came, %v", n, err)
			}
			testkit.Eventually(t, "the connection is given up", func() bool { return p.counted(t, "http_requests_in_flight", "public") == 0 })
			if log := p.log.String(); strings.Contains(log, "panic") {
				t.Error(log)
			}
		})
	}
}

func TestALongAnswerRenewsItsLease(t *testing.T) {
	t.Parallel()
	p := newPlayer(t, nil)
	p.writeLong(t)
	body := start(t, p.address(t, "long.mp4", "long.mp4"))
	for range 3 {
		before := p.asked.Load()
		p.pass(ten/3 + time.Second)
		if _, err := io.CopyN(io.Discard, body, 16<<20); err != nil {
			t.Fatal(err)
		}
		testkit.Eventually(t, "a question", func() bool {
			p.pass(10 * time.Millisecond) // a question that nobody waits for goes with those of the next moments
			return p.asked.Load() > before
		})
	}
	if _, err := io.Copy(io.Discard, body); err != nil {
		t.Fatal(err)
	}
	if n := p.asked.Load(); n > 6 {
		t.Errorf("asked %d times in three thirds of a lease", n)
	}
}

func TestAClientThatTakesNothingHoldsNothing(t *testing.T) {
	t.Parallel()
	p := newPlayer(t, nil, func(o *httpapi.Options, _ *http.Server) { o.Stall = time.Second })
	p.writeLong(t)
	connection := dial(t, p.url)
	send(t, connection, "GET /media/"+p.grant(t, "long.mp4")+"/long.mp4", "") // and reads nothing
	sent := func() float64 { return p.counted(t, "media_bytes_total", "") }
	testkit.Eventually(t, "the buffers are full", func() bool {
		before := sent()
		<-time.After(200 * time.Millisecond)
		return before > 0 && sent() == before
	})
	asked := p.asked.Load()
	p.pass(ten)
	testkit.Eventually(t, "the connection is given up", func() bool { return p.counted(t, "http_requests_in_flight", "public") == 0 })
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, r := range p.renewals[asked:] {
		if r.Idle < ten.Milliseconds() {
			t.Errorf("a client that takes nothing is a sign of life: %+v", r)
		}
	}
	if sent() >= long {
		t.Error("all was sent")
	}
}

// A slow client is not a stalled one: the time is for each piece.
func TestASlowClientGetsAll(t *testing.T) {
	t.Parallel()
	const stall = time.Second
	p := newPlayer(t, nil, func(o *httpapi.Options, s *http.Server) { o.Stall, s.ReadTimeout = stall, stall })
	p.writeLong(t)
	body := start(t, p.address(t, "long.mp4", "long.mp4"))
	began := time.Now()
	for range 30 {
		if _, err := io.CopyN(io.Discard, body, 2<<20); err != nil {
			t.Fatalf("after %v: %v", time.Since(began), err)
		}
		<-time.After(stall / 10)
	}
	if n, err := io.Copy(io.Discard, body); err != nil || n != long-61<<20 {
		t.Errorf("%d bytes at the end, %v", n, err)
	}
}

// The deadline of an answer must not be that of the next one on its connection.
func TestAConnectionOutlivesItsAnswer(t *testing.T) {
	t.Parallel()
	const stall = 50 * time.Millisecond
	p := newPlayer(t, nil, func(o *httpapi.Options, _ *http.Server) { o.Stall = stall })
	p.write(t, "a.mp4", bytes.Repeat([]byte("a"), 1000))
	path := "/media/" + p.grant(t, "a.mp4") + "/a.mp4"
	connection := dial(t, p.url)
	reader := bufio.NewReader(connection)
	for _, next := range []string{"GET " + path, "HEAD " + path, "GET /docs", "GET " + path} {
		send(t, connection, next, "")
		method, _, _ := strings.Cut(next, " ")
		response, err := http.ReadResponse(reader, &http.Request{Method: method})
		if err != nil {
			t.Fatalf("%s: %v", next, err)
		}
		if _, err := io.Copy(io.Discard, response.Body); err != nil {
			t.Fatalf("%s: %v", next, err)
		}
		<-time.After(2 * stall)
	}
}

// A media element of a page on another site learns of a refusal at once, whatever the refusal is: see findings/chromium-hidden-refusal.sh.
func TestAMediaElementIsRefusedWithoutADocument(t *testing.T) {
	t.Parallel()
	p := newPlayer(t, files{"a.mp4": "film"})
	address := p.address(t, "a.mp4", "a.mp4")
	for _, refusal := range []struct {
		url    string
		status int
		cause  func()
	}{
		{address, 416, func() {}},
		{address + "x", 404, func() {}},
		{p.url + "/media/x/y", 404, func() {}},
		{p.url + "/nothing", 404, func() {}},
		{p.address(t, "a.mp4", "a.mp4"), 403, p.refuses},
		{p.address(t, "a.mp4", "a.mp4"), 410, p.ends},
	} {
		refusal.cause()
		for _, dest := range []string{"video", "audio", "empty"} {
			answer := testkit.Do(t, "GET", refusal.url, "", testkit.Header("Sec-Fetch-Dest", dest), testkit.Header("Range", "bytes=100-")).Want(t, refusal.status)
			if isEmpty := len(answer.Body) == 0 && answer.Header.Get("Content-Type") == ""; isEmpty != (dest != "empty") {
				t.Errorf("%s is answered %d %v %s", dest, answer.Status, answer.Header, answer.Body)
			}
			if refusal.status == 416 && answer.Header.Get("Content-Range") != "bytes */4" {
				t.Errorf("%s: %v", dest, answer.Header)
			}
		}
	}
}
