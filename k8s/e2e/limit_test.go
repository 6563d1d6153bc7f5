package e2e

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"

	"streamgate/k8s/e2e/audience"
	"streamgate/k8s/e2e/kube"
	"streamgate/k8s/e2e/table"
)

// limitAcrossNodes starts many streams of one account at the same time, directly at pods of session-svc on different nodes.
func limitAcrossNodes(ctx context.Context, t *testing.T, s *suite, row *table.Row) {
	s.must(ctx, t, s.spread(ctx))
	pods, err := s.Pods(ctx, "session-svc")
	s.must(ctx, t, err)
	nodes := map[string]bool{}
	for _, pod := range pods {
		nodes[pod.Spec.NodeName] = true
	}
	accounts := s.watching[:4] // so that none starts more streams than it may at once
	for _, account := range accounts {
		s.must(ctx, t, account.SignIn(ctx, s.url))
	}

	const rounds, starts = 25, 12
	var all sync.Mutex
	granted := map[string]int{}
	for round := range rounds {
		account := accounts[round%len(accounts)]
		var wait sync.WaitGroup
		var streams []string
		refused := 0
		for i := range starts {
			wait.Go(func() {
				pod := pods[i%len(pods)].Name
				status, id, err := start(ctx, s.Client(), s.Pod(pod, 8080), account.Device.Token)
				all.Lock()
				defer all.Unlock()
				switch {
				case err == nil && status == http.StatusCreated:
					streams = append(streams, id)
					granted[pod]++
				case err == nil && status == http.StatusForbidden:
					refused++
				default:
					t.Errorf("round %d: a start at %s: %d %s %v", round, pod, status, id, err)
				}
			})
		}
		wait.Wait()
		if len(streams) != audience.Limit || refused != starts-audience.Limit {
			t.Fatalf("round %d: %d of %d starts were granted, %d refused", round, len(streams), starts, refused)
		}
		for _, id := range streams {
			curl(ctx, t, http.StatusNoContent, "-X", "DELETE", s.url+"/streams/"+id, "-H", "Authorization: Bearer "+account.Device.Token)
		}
	}
	if len(granted) < 2 || len(nodes) < 2 {
		t.Errorf("only pods %v granted any, on nodes %v", granted, slices.Collect(maps.Keys(nodes)))
	}
	row.Remark = fmt.Sprintf("%d rounds of %d starts, each time exactly %d granted; by pod: %v", rounds, starts, audience.Limit, slices.Collect(maps.Values(granted)))
}

// start starts a stream. The token is in the body, since the API server on the way to the pod keeps the header for
// itself.
func start(ctx context.Context, client *http.Client, base, token string) (status int, stream string, err error) {
	form := url.Values{"content": {content}, "access_token": {token}}.Encode()
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, base+"/streams", strings.NewReader(form))
	if err != nil {
		return 0, "", err
	}
	request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	response, err := client.Do(request)
	if err != nil {
		return 0, "", err
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err != nil || response.StatusCode != http.StatusCreated {
		return response.StatusCode, string(body), err
	}
	var answer struct{ Stream struct{ ID string } }
	err = json.Unmarshal(body, &answer)
	return response.StatusCode, answer.Stream.ID, err
}

// spread makes session-svc run on more than one node. After a node was drained and came back, all
// pods are on the other one.
func (s *suite) spread(ctx context.Context) error {
	pods, err := s.Pods(ctx, "session-svc")
	if err != nil {
		return err
	}
	for _, pod := range pods {
		if pod.Spec.NodeName != pods[0].Spec.NodeName {
			return nil
		}
	}
	if _, err := s.Kubectl(ctx, "rollout", "restart", "deployment/session-svc", "--namespace", kube.Namespace); err != nil {
		return err
	}
	return s.Settled(ctx, "session-svc")
}
