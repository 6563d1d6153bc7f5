package e2e

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"streamgate/k8s/e2e/audience"
	"streamgate/k8s/e2e/kube"
	"streamgate/k8s/e2e/table"
)

const (
	// atOnce is how long a start that is answered 503 may take. The service promises 300 ms; the rest is for a small
	// machine that does everything else as well.
	atOnce = time.Second
	// hanging is longer than any request may take.
	hanging = 5 * time.Second
)

// killRedis kills Redis, which comes back with its volume. Meanwhile no stream starts, and running ones go on; then all
// is as before.
func killRedis(ctx context.Context, t *testing.T, s *suite, row *table.Row) {
	visitor := s.pressing[0] // who plays nothing now
	s.must(ctx, t, visitor.SignIn(ctx, s.url))
	load := s.watch(ctx, t)
	pods, err := s.Pods(ctx, "redis")
	s.must(ctx, t, err)
	if len(pods) != 1 {
		t.Fatalf("%d pods of Redis", len(pods))
	}
	now := int64(0)
	killed := time.Now()
	s.must(ctx, t, s.CoreV1().Pods(kube.Namespace).Delete(ctx, pods[0].Name, metav1.DeleteOptions{GracePeriodSeconds: &now}))
	s.must(ctx, t, kube.Until(ctx, time.Minute, func(ctx context.Context) error {
		pod, err := s.CoreV1().Pods(kube.Namespace).Get(ctx, pods[0].Name, metav1.GetOptions{})
		if err == nil && (pod.UID == pods[0].UID || !kube.Ready(pod)) {
			err = errors.New("Redis is not ready again")
		}
		return err
	}))
	back := time.Now()
	s.must(ctx, t, kube.Until(ctx, time.Minute, func(ctx context.Context) error {
		status, said, err := start(ctx, http.DefaultClient, s.url, visitor.Device.Token)
		if err == nil && status != http.StatusCreated {
			err = fmt.Errorf("%d %s", status, said)
		}
		return err
	}))
	normal := time.Now()
	s.must(ctx, t, goOn(ctx, load))
	f := s.figures(ctx, t, row, load)

	away, slowest := 0, time.Duration(0)
	for _, r := range f.Failed() {
		switch {
		case r.Due.Add(r.Took).Before(killed), r.Due.After(normal):
			t.Errorf("%s failed while Redis was there: %s", r.What, r.Fault)
		case r.What == "fetch", r.What == "catalogue" && r.Status != http.StatusServiceUnavailable:
			t.Errorf("%s failed, which needs no Redis: %s", r.What, r.Fault)
		case r.What == "start":
			away++
			slowest = max(slowest, r.Took)
			if r.Status != http.StatusServiceUnavailable || !r.RetryAfter || r.Took > atOnce {
				t.Errorf("a start without Redis took %v: %s, Retry-After %t", r.Took, r.Fault, r.RetryAfter)
			}
		case r.What != "events" && r.Status != http.StatusServiceUnavailable:
			t.Errorf("%s failed otherwise than by 503: %s", r.What, r.Fault)
		}
	}
	for _, r := range f.Requests {
		if r.Took > hanging {
			t.Errorf("%s took %v", r.What, r.Took)
		}
	}
	if away == 0 {
		t.Error("no start was tried while Redis was away")
	}
	if normal.Sub(back) > lease+2*time.Second {
		t.Errorf("a stream could start %v after Redis was back, more than a lease", normal.Sub(back))
	}
	s.refresh(ctx, t, visitor)
	if t.Failed() {
		t.Log(s.Complaints(context.WithoutCancel(ctx)))
	}
	row.Remark = fmt.Sprintf("away for %.1f s; %d starts got 503 with Retry-After, in %d ms at most; starts again %.1f s later", back.Sub(killed).Seconds(), away,
		slowest.Milliseconds(), normal.Sub(back).Seconds())
}

// refresh uses the refresh token that the device got before Redis was killed: its session must still be there.
func (s *suite) refresh(ctx context.Context, t *testing.T, account *audience.Account) {
	t.Helper()
	form := url.Values{"refreshToken": {account.Refresh}}.Encode()
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, s.url+"/auth/refresh", strings.NewReader(form))
	s.must(ctx, t, err)
	request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	response, err := http.DefaultClient.Do(request)
	s.must(ctx, t, err)
	defer response.Body.Close()
	if response.StatusCode >= http.StatusMultipleChoices {
		t.Errorf("a session of before can't be refreshed: %s", response.Status)
	}
}
