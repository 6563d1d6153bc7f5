package e2e

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"golang.org/x/sync/errgroup"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"streamgate/k8s/e2e/kube"
	"streamgate/k8s/e2e/table"
)

// nowhere is an address, in a pod, at which nothing listens.
const nowhere = "127.0.0.1:1"

// mistaken is an install that can't work.
type mistaken struct {
	release, service string
	set              string
	notes            string // what Helm says at once
	seen             string // what the pod's state or log says
}

// unreachable installs what can't work, in a namespace of its own. Each time the reason must be visible, no pod may be
// ready, and Helm must fail if it waits.
func unreachable(ctx context.Context, t *testing.T, s *suite, row *table.Row) {
	cases := []mistaken{
		{"nosecret", "session-svc", "redis.existingSecret=absent", "the secret absent is missing", `secret "absent" not found`},
		{"nokey", "content-svc", "mongodb.key=address", "has no key address", "couldn't find key address"},
		{"noredis", "session-svc", "redis.existingSecret=nowhere", "", nowhere},
		{"nomongo", "content-svc", "replicas=1", "", nowhere},
		{"noaccounts", "user-svc", "replicas=1", "", nowhere},
		{"noimage", "session-svc", "redis.existingSecret=nowhere,image.tag=absent,image.digest=", "", ":absent"},
	}
	s.scratch(ctx, t)
	for _, c := range cases {
		said, err := s.Helm(ctx, append([]string{"install"}, s.scratchArgs(c)...)...)
		s.must(ctx, t, err)
		if !strings.Contains(said, c.notes) {
			t.Errorf("%s: the notes don't say %q: %s", c.release, c.notes, said)
		}
	}
	for _, c := range cases {
		if err := kube.Until(ctx, 90*time.Second, func(ctx context.Context) error { return s.explained(ctx, c) }); err != nil {
			t.Errorf("%s: %v", c.release, err)
		}
	}
	var waits errgroup.Group
	for _, c := range cases {
		waits.Go(func() error {
			if said, err := s.Helm(ctx, append([]string{"upgrade", "--wait", "--timeout", "8s"}, s.scratchArgs(c)...)...); err == nil {
				t.Errorf("helm upgrade --wait of %s succeeded: %s", c.release, said)
			}
			return nil
		})
	}
	_ = waits.Wait() // they report themselves
	for _, c := range cases {
		if pods, err := s.scratchPods(ctx, c); err != nil || len(pods) == 0 {
			t.Errorf("%s: %d pods, %v", c.release, len(pods), err)
		} else {
			for _, pod := range pods {
				if kube.Ready(&pod) {
					t.Errorf("%s is ready", pod.Name)
				}
			}
		}
	}
	row.Remark = fmt.Sprintf("%d installs that can't work: the reason is in the notes, the pod's state or its log; none is ready, helm --wait fails", len(cases))
}

// scratchSpace returns the namespace for what can't work.
func (s *suite) scratchSpace() string { return s.run }

// scratch makes that namespace, with addresses of stores that don't exist.
func (s *suite) scratch(ctx context.Context, t *testing.T) {
	t.Helper()
	name := s.scratchSpace()
	labels := map[string]string{"pod-security.kubernetes.io/enforce": "restricted"}
	_, err := s.CoreV1().Namespaces().Create(ctx, &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: name, Labels: labels}}, metav1.CreateOptions{})
	s.must(ctx, t, err)
	putBack(ctx, t, func(ctx context.Context) error {
		return s.CoreV1().Namespaces().Delete(ctx, name, metav1.DeleteOptions{})
	})
	for secret, data := range map[string]map[string]string{
		"nowhere":             {"url": "redis://" + nowhere},
		"mongodb-content-svc": {"uri": "mongodb://" + nowhere},
		"mongodb-user-svc":    {"uri": "mongodb://" + nowhere},
	} {
		_, err := s.CoreV1().Secrets(name).Create(ctx, &corev1.Secret{ObjectMeta: metav1.ObjectMeta{Name: secret}, StringData: data}, metav1.CreateOptions{})
		s.must(ctx, t, err)
	}
}

// scratchArgs returns Helm's arguments for an install that can't work: the images of the services, and all else as in
// the charts but for the mistake.
func (s *suite) scratchArgs(c mistaken) []string {
	args := []string{
		c.release, "charts/" + c.service, "--namespace", s.scratchSpace(), "--values", s.releases[c.service].Image, "--set", "replicas=1," + c.set,
	}
	if c.service != "session-svc" {
		args = append(args, "--set", "mongodb.existingSecret=mongodb-"+c.service)
	}
	return args
}

func (s *suite) scratchPods(ctx context.Context, c mistaken) ([]corev1.Pod, error) {
	list, err := s.CoreV1().Pods(s.scratchSpace()).List(ctx, metav1.ListOptions{LabelSelector: "app.kubernetes.io/instance=" + c.release})
	if err != nil {
		return nil, err
	}
	return list.Items, nil
}

// explained checks that a pod's state, or its log, says what is wrong.
func (s *suite) explained(ctx context.Context, c mistaken) error {
	pods, err := s.scratchPods(ctx, c)
	if err != nil {
		return err
	}
	said := ""
	for _, pod := range pods {
		for _, container := range pod.Status.ContainerStatuses {
			if w := container.State.Waiting; w != nil {
				said += w.Reason + ": " + w.Message + "\n"
			}
		}
		log, _ := s.Kubectl(ctx, "logs", "--namespace", pod.Namespace, pod.Name, "--tail", "5") // of a container that doesn't run there is none
		said += log
	}
	if !strings.Contains(said, c.seen) {
		return fmt.Errorf("of %d pods, neither states nor logs say %q: %s", len(pods), c.seen, said)
	}
	return nil
}
