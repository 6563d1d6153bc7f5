package e2e

import (
	"context"
	"errors"
	"fmt"
	"os/exec"
	"strings"
	"testing"
	"time"

	"streamgate/k8s/e2e/kube"
	"streamgate/k8s/e2e/table"
)

// anotherSite installs a route of another site with the shortest host that there can be, for all of its paths. It must get the requests for
// this host, and Streamgate, whose own routes have no host, all others.
func anotherSite(ctx context.Context, t *testing.T, s *suite, row *table.Row) {
	const route = `
apiVersion: traefik.io/v1alpha1
kind: IngressRoute
metadata: {name: e2e-site, namespace: monitoring}
spec:
  routes:
    - {kind: Rule, match: "Host(` + "`a`" + `)", services: [{name: prometheus, port: 9090}]}
`
	putBack(ctx, t, func(ctx context.Context) error {
		_, err := s.Kubectl(ctx, "delete", "ingressroute", "e2e-site", "--namespace", "monitoring")
		return err
	})
	_, err := s.Run(ctx, "sh", "-c", `printf %s "$1" | kubectl --context "$2" apply -f -`, "", route, *contextName)
	s.must(ctx, t, err)
	// Of Prometheus, which has no such paths, a 404 in plain text; of Streamgate, a problem document.
	ask := func(ctx context.Context, path, host string) (string, error) {
		answer, err := exec.CommandContext(ctx, "curl", "-sS", "--max-time", "10", "-o", "/dev/null", "-w", "%{http_code} %{content_type}",
			"-H", "Host: "+host, s.url+path).CombinedOutput()
		return string(answer), err
	}
	s.must(ctx, t, kube.Until(ctx, 30*time.Second, func(ctx context.Context) error {
		said, err := ask(ctx, "/users/me", "a")
		if err == nil && !strings.HasPrefix(said, "404") {
			err = errors.New("Traefik doesn't know the route yet")
		}
		return err
	}))
	paths := []string{"/users/me", "/auth", "/content", "/streams", "/media/x/y", "/docs", "/.well-known/jwks.json"}
	for _, path := range paths {
		if said, err := ask(ctx, path, "a"); err != nil || strings.Contains(said, "json") || !strings.HasPrefix(said, "404") {
			t.Errorf("%s of the other site: %s, %v", path, said, err)
		}
		if said, err := ask(ctx, path, "video.example.com"); err != nil || strings.HasPrefix(said, "404 text/plain") {
			t.Errorf("%s of Streamgate: %s, %v", path, said, err)
		}
	}
	row.Remark = fmt.Sprintf("%d paths of Host(`a`) are the other site's, though Streamgate's rules are longer", len(paths))
}
