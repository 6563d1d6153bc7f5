package e2e

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"streamgate/k8s/e2e/kube"
	"streamgate/k8s/e2e/table"
)

// callers asks session-svc's internal listener with each secret that its neighbours' pods have: for a session, and to renew leases.
func callers(ctx context.Context, t *testing.T, s *suite, row *table.Row) {
	pods, err := s.Pods(ctx, "session-svc")
	s.must(ctx, t, err)
	asked := 0
	for _, neighbour := range []string{"user-svc", "content-svc"} {
		for _, secret := range s.secretsOf(ctx, t, neighbour) {
			for path, caller := range map[string]string{"/internal/sessions": "user-svc", "/internal/leases/renew": "content-svc"} {
				status, said := s.internally(ctx, t, pods[0].Name, path, secret.value)
				// What it is asked is no question, so that nothing happens: 400 is the answer to one who may ask.
				want := http.StatusForbidden
				switch secret.key {
				case caller + "-to-session-svc":
					want = http.StatusBadRequest
				case "session-svc-to-" + neighbour: // what it accepts, not what it shows
					want = http.StatusUnauthorized
				}
				if asked++; status != want {
					t.Errorf("%s of %s at %s: %d, not %d: %s", secret.key, neighbour, path, status, want, said)
				}
			}
		}
	}
	if asked < 8 {
		t.Errorf("only %d questions", asked)
	}
	row.Remark = fmt.Sprintf("%d questions with what the environments of user-svc and content-svc hold", asked)
}

type secret struct{ key, value string }

// secretsOf returns the secrets of pairs that the pods of a service have in their environment, and that of before the pairs.
func (s *suite) secretsOf(ctx context.Context, t *testing.T, service string) []secret {
	t.Helper()
	pods, err := s.Pods(ctx, service)
	s.must(ctx, t, err)
	var list []secret
	for _, variable := range pods[0].Spec.Containers[0].Env {
		if !strings.HasPrefix(variable.Name, "SECRETS_") && variable.Name != "INTERNAL_SECRETS" {
			continue
		}
		ref := variable.ValueFrom.SecretKeyRef
		held, err := s.CoreV1().Secrets(kube.Namespace).Get(ctx, ref.Name, metav1.GetOptions{})
		s.must(ctx, t, err)
		if value, there := held.Data[ref.Key]; there {
			list = append(list, secret{ref.Key, string(value)})
		}
	}
	return list
}

// internally sends an empty question to a pod's internal listener.
func (s *suite) internally(ctx context.Context, t *testing.T, pod, path, secret string) (status int, said string) {
	t.Helper()
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, s.Pod(pod, 8081)+path, strings.NewReader("{}"))
	s.must(ctx, t, err)
	request.Header.Set("Content-Type", "application/json")
	request.Header.Set("Internal-Secret", secret)
	response, err := s.Client().Do(request)
	s.must(ctx, t, err)
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	s.must(ctx, t, err)
	return response.StatusCode, string(body)
}

// sharedSecret is where an installation from before the pairs has the one secret of all services.
const (
	sharedSecret = "streamgate-shared"
	sharedKey    = "internal-secrets"
)

// withSharedSecret makes this an installation from before the pairs.
func (s *suite) withSharedSecret(ctx context.Context, t *testing.T) {
	t.Helper()
	_, err := s.Kubectl(ctx, "patch", "secret", sharedSecret, "--namespace", kube.Namespace, "--patch",
		`{"stringData": {"`+sharedKey+`": "`+s.run+`-one-for-all"}}`)
	s.must(ctx, t, err)
}

// withoutSharedSecret ends the upgrade from before the pairs, as the notes say.
func (s *suite) withoutSharedSecret(ctx context.Context) error {
	held, err := s.CoreV1().Secrets(kube.Namespace).Get(ctx, sharedSecret, metav1.GetOptions{})
	if err != nil {
		return err
	}
	if _, there := held.Data[sharedKey]; !there {
		return nil
	}
	if _, err := s.Kubectl(ctx, "patch", "secret", sharedSecret, "--namespace", kube.Namespace, "--type", "json",
		"--patch", `[{"op": "remove", "path": "/data/`+sharedKey+`"}]`); err != nil {
		return err
	}
	for _, service := range kube.Services() {
		if _, err := s.Kubectl(ctx, "rollout", "restart", "deployment/"+service, "--namespace", kube.Namespace); err != nil {
			return err
		}
		if err := s.Settled(ctx, service); err != nil {
			return err
		}
	}
	return nil
}
