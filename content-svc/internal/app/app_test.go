package app_test

import (
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"streamgate/content-svc/api"
	"streamgate/content-svc/internal/app"
	"streamgate/libs/apitest"
	"streamgate/libs/service"
	"streamgate/libs/testkit"
)

// demos are the entries' ids with what is known of their clips.
var demos = map[string]struct{ file, contentType, magic string }{
	"607c55840e977203b4d8b5e5": {"bars.mp4", "video/mp4", "ftyp"},
	"607c55840e977203b4d8b5e6": {"mandelbrot.mp4", "video/mp4", "ftyp"},
	"607c55840e977203b4d8b5e7": {"channel.webm", "video/webm", "webm"},
}

func TestDemoContentPlays(t *testing.T) {
	t.Parallel()
	uri, database := testkit.Mongo(t)
	running, proof := boot(t, settings(t, uri, database, "DEMO_CONTENT=true")), testkit.Header("Internal-Secret", secret)
	list := testkit.Do(t, "GET", running.InternalURL+"/content", "", proof).Want(t, 200).List(t)
	if len(list) != 3 || list[0]["id"] != "607c55840e977203b4d8b5e5" {
		t.Fatalf("list %v", list)
	}
	types := map[any]int{}
	for id, clip := range demos {
		item := testkit.Do(t, "GET", running.InternalURL+"/content/"+id, "", proof).Want(t, 200).JSON(t)
		types[item["type"]]++
		if item["name"] == "" || item["description"] == "" {
			t.Errorf("%v says nothing", item)
		}
		src, _ := testkit.Do(t, "GET", running.InternalURL+"/internal/content/"+id+"/source", "", proof).Want(t, 200).JSON(t)["src"].(string)
		a := testkit.Do(t, "GET", address(t, running.PublicURL, src, clip.file), "", testkit.Header("Range", "bytes=0-99")).Want(t, 206)
		if a.Header.Get("Content-Type") != clip.contentType || !strings.Contains(string(a.Body), clip.magic) {
			t.Errorf("%s: %s, %q", id, a.Header.Get("Content-Type"), a.Body)
		}
	}
	if types["vod"] != 2 || types["livestream"] != 1 {
		t.Errorf("types %v", types)
	}
	// Playing begins before the end is there: the index comes first.
	a := testkit.Do(t, "GET", address(t, running.PublicURL, "demo/bars.mp4", "bars.mp4"), "").Want(t, 200)
	if index, data := strings.Index(string(a.Body), "moov"), strings.Index(string(a.Body), "mdat"); index < 0 || index > data {
		t.Errorf("index at %d, data at %d", index, data)
	}
}

func TestDemoContentIsInsertedOnce(t *testing.T) {
	t.Parallel()
	uri, database := testkit.Mongo(t)
	cfg, proof := settings(t, uri, database, "DEMO_CONTENT=true"), testkit.Header("Internal-Secret", secret)

	// Two replicas start at the same time.
	var running sync.WaitGroup
	var replicas [2]*service.Running
	for i := range replicas {
		running.Go(func() { replicas[i] = boot(t, cfg) })
	}
	running.Wait()
	for _, r := range replicas {
		if list := testkit.Do(t, "GET", r.InternalURL+"/content", "", proof).Want(t, 200).List(t); len(list) != 3 {
			t.Errorf("%d entries", len(list))
		}
	}
	base := replicas[0].InternalURL
	testkit.Do(t, "DELETE", base+"/content/607c55840e977203b4d8b5e6", "", proof).Want(t, 204)
	testkit.Do(t, "PUT", base+"/content/607c55840e977203b4d8b5e5", "name=Mine", proof).Want(t, 200)
	folder := strings.TrimPrefix(cfg.MediaURL, "file://")
	if err := os.Remove(filepath.Join(folder, "demo/bars.mp4")); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(folder, "demo/channel.webm"), []byte("mine"), 0o600); err != nil {
		t.Fatal(err)
	}

	restarted := boot(t, cfg)
	testkit.Do(t, "GET", restarted.InternalURL+"/content/607c55840e977203b4d8b5e6", "", proof).Problem(t, 404, "content_not_found")
	if name := testkit.Do(t, "GET", restarted.InternalURL+"/content/607c55840e977203b4d8b5e5", "", proof).Want(t, 200).JSON(t)["name"]; name != "Mine" {
		t.Errorf("name %v", name)
	}
	testkit.Do(t, "GET", address(t, restarted.PublicURL, "demo/bars.mp4", "bars.mp4"), "").Want(t, 200)
	if a := testkit.Do(t, "GET", address(t, restarted.PublicURL, "demo/channel.webm", "channel.webm"), "").Want(t, 200); string(a.Body) != "mine" {
		t.Error("a file was overwritten")
	}
	entries, err := os.ReadDir(filepath.Join(folder, "demo"))
	if err != nil || len(entries) != 3 {
		t.Errorf("the folder has %v, %v", entries, err)
	}
}

func TestNoDemoContentUnlessAskedFor(t *testing.T) {
	t.Parallel()
	base, proof := catalogue(t)
	if list := testkit.Do(t, "GET", base+"/content", "", proof).Want(t, 200).List(t); len(list) != 0 {
		t.Errorf("list %v", list)
	}
}

// Media needs no MongoDB, and what needs it says so soon.
func TestMediaPlaysWhileMongoDBIsAway(t *testing.T) {
	t.Parallel()
	uri, database := testkit.Mongo(t)
	relay, through := testkit.NewRelay(t, uri)
	running, proof := boot(t, settings(t, through, database, "DEMO_CONTENT=true")), testkit.Header("Internal-Secret", secret)
	relay.Shut()
	began := time.Now()
	if a := testkit.Do(t, "GET", running.InternalURL+"/content", "", proof).Problem(t, 503, "unavailable"); a.Header.Get("Retry-After") == "" {
		t.Error("no Retry-After")
	}
	if took := time.Since(began); took > 4*time.Second {
		t.Errorf("took %v", took)
	}
	testkit.Do(t, "GET", address(t, running.PublicURL, "demo/bars.mp4", "bars.mp4"), "").Want(t, 200)
	testkit.Do(t, "GET", running.OperationsURL+"/readyz", "").Want(t, 200)
}

// anywhere is where a service listens of which nobody has to know where.
var anywhere = service.Settings{PublicAddr: "127.0.0.1:0", InternalAddr: "127.0.0.1:0", OperationsAddr: "127.0.0.1:0", DrainTimeout: time.Second}

func TestAServiceWithoutMongoDBWaits(t *testing.T) {
	t.Parallel()
	s, err := app.New(settings(t, "mongodb://127.0.0.1:1", "none"), "test", testkit.Logger(t))
	if err != nil {
		t.Fatal(err)
	}
	running, stop := testkit.Start(t, s)
	testkit.Do(t, "GET", running.OperationsURL+"/readyz", "").Want(t, 503)
	testkit.Do(t, "GET", running.OperationsURL+"/livez", "").Want(t, 200)
	stop()
}

func TestAMissingFolderIsFatal(t *testing.T) {
	t.Parallel()
	missing := filepath.Join(t.TempDir(), "missing")
	s, err := app.New(settings(t, "mongodb://127.0.0.1:1", "none", "MEDIA_URL=file://"+missing), "test", testkit.Logger(t))
	if err != nil {
		t.Fatal(err)
	}
	err = s.Run(t.Context(), anywhere)
	if err == nil || !strings.Contains(err.Error(), "MEDIA_URL") || !strings.Contains(err.Error(), missing) {
		t.Errorf("ended with %v", err)
	}
}

func TestDocumentation(t *testing.T) {
	t.Parallel()
	uri, database := testkit.Mongo(t)
	running := boot(t, settings(t, uri, database))
	if a := testkit.Do(t, "GET", running.PublicURL+"/docs/content-svc/openapi.yaml", "").Want(t, 200); !strings.Contains(string(a.Body), "/media/{grant}/{path}") {
		t.Errorf("%s", a.Body)
	}
	testkit.Do(t, http.MethodGet, running.PublicURL+"/docs/content-svc/", "").Want(t, 200)
	metrics := testkit.Do(t, "GET", running.OperationsURL+"/metrics", "").Want(t, 200)
	for _, series := range []string{
		`media_bytes_total 0`, `media_answers_total{outcome="served"} 0`, `lease_questions_total{outcome="renewed"} 0`, `lease_question_seconds_count 0`,
		`http_requests_total{code="200",listener="public",method="GET",route="/media/:grant/*path"} 0`,
		`http_requests_total{code="200",listener="internal",method="GET",route="/content"} 0`,
	} {
		if !strings.Contains(string(metrics.Body), series+"\n") {
			t.Errorf("no %s at the start", series)
		}
	}
}

func TestEveryPathAndMethodIsAnswered(t *testing.T) {
	t.Parallel()
	uri, database := testkit.Mongo(t)
	s, err := app.New(settings(t, uri, database), "test", testkit.Logger(t))
	if err != nil {
		t.Fatal(err)
	}
	testkit.Run(t, s)
	testkit.WalkAll(t, s, secret)
}

// Any site may play, and those that are named with credentials, also where something is refused.
func TestPagesOfNamedOriginsMaySendCredentials(t *testing.T) {
	t.Parallel()
	const named = "https://www.example.com"
	uri, database := testkit.Mongo(t)
	running := boot(t, settings(t, uri, database, "DEMO_CONTENT=true", "CORS_ORIGINS="+named))
	apitest.Pages(t, api.Spec, running.PublicURL, named)
	film := address(t, running.PublicURL, "demo/bars.mp4", "bars.mp4")
	for _, request := range []struct {
		method, url string
		status      int
	}{
		{"GET", film, 200},
		{"HEAD", film, 200},
		{"GET", film + "x", 404},
		{"GET", running.PublicURL + "/media/x/y", 404},
		{"OPTIONS", film, 204},
	} {
		for origin, want := range map[string]struct{ origin, credentials string }{named: {named, "true"}, "https://player.example": {"*", ""}, "": {"*", ""}} {
			answer := testkit.Do(t, request.method, request.url, "", testkit.Header("Origin", origin), testkit.Header("Range", "bytes=0-9"),
				testkit.Header("Access-Control-Request-Method", "GET"))
			if answer.Status == 206 {
				answer.Status = 200
			}
			header := answer.Want(t, request.status).Header
			if header.Get("Access-Control-Allow-Origin") != want.origin || header.Get("Access-Control-Allow-Credentials") != want.credentials {
				t.Errorf("%s %s from %q: %v", request.method, request.url, origin, header)
			}
			if request.method != "OPTIONS" {
				continue
			}
			for _, name := range []string{"CMCD-Session", "Authorization", "Cache-Control", "Range"} {
				if allowed := header.Get("Access-Control-Allow-Headers"); !strings.Contains(allowed, name) {
					t.Errorf("%q may send %s", origin, allowed)
				}
			}
		}
	}
	if answer := testkit.Do(t, "GET", running.PublicURL+"/nothing", "", testkit.Header("Origin", "https://player.example")).Want(t, 404); answer.Header.Get("Access-Control-Allow-Origin") != "" {
		t.Errorf("%v", answer.Header)
	}
}
