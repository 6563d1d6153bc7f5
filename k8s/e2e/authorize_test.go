package e2e

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"streamgate/k8s/e2e/audience"
	"streamgate/k8s/e2e/kube"
	"streamgate/k8s/e2e/table"
)

// authorized opens the door for other servers, and has Traefik ask at it before another server, Prometheus, is asked: by the example of
// charts/doors/authorize.md as it is, but for the names of that server.
func authorized(ctx context.Context, t *testing.T, s *suite, row *table.Row) {
	release := s.releases["session-svc"]
	putBack(ctx, t, func(ctx context.Context) error {
		return errors.Join(release.Upgrade(ctx), s.Settled(ctx, release.Name))
	})
	s.must(ctx, t, release.Upgrade(ctx, "--set", "authorize.enabled=true"))
	s.must(ctx, t, s.Settled(ctx, release.Name))

	example, err := os.ReadFile(filepath.Join(s.root, "charts", "doors", "authorize", "traefik.yaml"))
	s.must(ctx, t, err)
	route := strings.NewReplacer(
		"http://session-svc:8080", "http://session-svc."+kube.Namespace+":8080", "{name: origin, port: 8000}", "{name: prometheus, port: 9090}",
	).Replace(string(example))
	const apply = `printf %s "$1" | kubectl --context "$2" --namespace monitoring "$3" -f -`
	putBack(ctx, t, func(ctx context.Context) error {
		_, err := s.Run(ctx, "sh", "-c", apply, "", route, *contextName, "delete")
		return err
	})
	_, err = s.Run(ctx, "sh", "-c", apply, "", route, *contextName, "apply")
	s.must(ctx, t, err)

	const host = "Host: video.example.com"
	path := s.url + "/live/" + content
	s.must(ctx, t, kube.Until(ctx, 30*time.Second, func(ctx context.Context) error {
		said, err := exec.CommandContext(ctx, "curl", "-sS", "--max-time", "10", "-o", "/dev/null", "-w", "%{http_code}", "-H", host, path+"/0.ts").CombinedOutput()
		if err == nil && string(said) != "401" {
			err = fmt.Errorf("Traefik doesn't ask yet: %s", said)
		}
		return err
	}))

	account := s.watching[0]
	s.must(ctx, t, account.SignIn(ctx, s.url))
	bearer := "Authorization: Bearer " + account.Device.Token
	// What Prometheus answers is a 404 in plain text; what Streamgate refuses, a problem document.
	sent := func(address string, headers ...string) {
		t.Helper()
		args := []string{"-H", host}
		for _, header := range headers {
			args = append(args, "-H", header)
		}
		if answer := curl(ctx, t, http.StatusNotFound, append(args, address)...); strings.Contains(answer.Get("Content-Type"), "json") {
			t.Fatalf("%s: %s", address, answer.text)
		}
	}
	var playing struct{ Stream struct{ ID, Ticket string } }
	curl(ctx, t, http.StatusOK, "-H", bearer, s.url+"/content/"+content+"/play").into(t, &playing)
	own := s.url + "/" + playing.Stream.Ticket + "/live/" + content + "/"
	sent(own + "0.ts")
	sent(own + "index.m3u8")
	for n := range audience.Limit - 1 {
		sent(fmt.Sprintf("%s/0.ts?player=%d", path, n), bearer)
	}
	refused := curl(ctx, t, http.StatusForbidden, "-H", host, "-H", bearer, path+"/0.ts?player=fourth")
	if refused.Get("X-Stream-Code") != "stream_limit_reached" || refused.Get("Retry-After") == "" {
		t.Error(refused.Header)
	}
	curl(ctx, t, http.StatusForbidden, "-H", host, s.url+"/"+playing.Stream.Ticket+"/live/607c55840e977203b4d8b5e7/0.ts")
	curl(ctx, t, http.StatusBadRequest, "-H", host, "-H", bearer, "-H", "X-Original-URI: /live/"+content+"/0.ts", s.url+"/live/607c55840e977203b4d8b5e7/0.ts")

	ticker := time.NewTicker(lease / 10)
	defer ticker.Stop()
	for range 15 { // its requests hold the slot
		<-ticker.C
		sent(own + "1.ts")
	}
	curl(ctx, t, http.StatusNoContent, "-X", "DELETE", "-H", bearer, s.url+"/streams/"+playing.Stream.ID)
	began := time.Now()
	s.must(ctx, t, kube.Until(ctx, 5*time.Second, func(ctx context.Context) error {
		said, err := exec.CommandContext(ctx, "curl", "-sS", "--max-time", "10", "-o", "/dev/null", "-w", "%{http_code}", "-H", host, own+"2.ts").CombinedOutput()
		if err == nil && string(said) != "410" {
			err = fmt.Errorf("an ended stream is answered %s", said)
		}
		return err
	}))
	row.Remark = fmt.Sprintf("Traefik asked by grants and tokens; the fourth player got 403, and the ended stream 410 after %v", time.Since(began).Round(10*time.Millisecond))
}
