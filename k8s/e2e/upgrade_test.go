package e2e

import (
	"context"
	"errors"
	"path/filepath"
	"strings"
	"testing"

	"streamgate/k8s/e2e/kube"
	"streamgate/k8s/e2e/table"
)

// previous is what the charts were before: their folder, their commit, and the values that went with them.
type previous struct {
	folder string
	commit string
	values map[string][]string // Helm's arguments, by service
}

// upgrade goes from the previous charts to today's, and back by helm rollback. The services' images are the same.
func upgrade(ctx context.Context, t *testing.T, s *suite) {
	t.Run("with-put-back", func(t *testing.T) {
		putBack(ctx, t, func(ctx context.Context) error {
			for _, release := range s.releases {
				if err := release.Upgrade(ctx); err != nil {
					return err
				}
			}
			return errors.Join(s.SettledAll(ctx), s.withoutSharedSecret(ctx))
		})
		from := s.previously(ctx, t)
		s.withSharedSecret(ctx, t) // which the charts of before made
		for _, service := range kube.Services() {
			s.must(ctx, t, s.releases[service].UpgradeTo(ctx, filepath.Join(from.folder, "charts", service), s.as(service, "before", from)...))
		}
		s.must(ctx, t, s.SettledAll(ctx))
		s.row(t, "rolling upgrade of all three, from the previous charts", func(t *testing.T, row *table.Row) {
			load := s.watch(ctx, t)
			for _, service := range kube.Services() {
				// With the values of before: the new charts must still understand them.
				s.must(ctx, t, s.releases[service].UpgradeTo(ctx, "charts/"+service, s.as(service, "now", from)...))
				s.must(ctx, t, s.Settled(ctx, service))
			}
			s.flawless(ctx, t, row, load)
			row.Remark = "from the charts of " + from.commit + " with their values, one service after the other"
		})
		s.row(t, "helm rollback of all three", func(t *testing.T, row *table.Row) {
			load := s.watch(ctx, t)
			for _, service := range kube.Services() {
				_, err := s.Helm(ctx, "rollback", service, "--namespace", kube.Namespace)
				s.must(ctx, t, err)
				s.must(ctx, t, s.Settled(ctx, service))
			}
			for _, service := range kube.Services() {
				pods, err := s.Pods(ctx, service)
				s.must(ctx, t, err)
				for _, pod := range pods {
					if pod.Annotations["e2e"] != "before" {
						t.Errorf("%s was not rolled back", pod.Name)
					}
				}
			}
			s.flawless(ctx, t, row, load)
			row.Remark = "to the charts of " + from.commit + ", one service after the other"
		})
		s.row(t, "upgraded again, and the one secret of before removed", func(t *testing.T, row *table.Row) {
			load := s.watch(ctx, t)
			for _, service := range kube.Services() {
				s.must(ctx, t, s.releases[service].Upgrade(ctx))
				s.must(ctx, t, s.Settled(ctx, service))
			}
			s.must(ctx, t, s.withoutSharedSecret(ctx))
			s.flawless(ctx, t, row, load)
			row.Remark = "each pair's secret opens its caller's routes alone from then on"
		})
	})
}

// as returns the previous values, and an annotation of the pods, so that they are replaced even if the charts render
// the same.
func (s *suite) as(service, version string, from previous) []string {
	return append([]string{"--values", s.releases[service].Image, "--set-string", "podAnnotations.e2e=" + version}, from.values[service]...)
}

// previously checks out the charts of the last commit that had another version of them, or else of the last but one
// that changed them.
func (s *suite) previously(ctx context.Context, t *testing.T) previous {
	t.Helper()
	git := func(args ...string) string {
		text, err := s.Run(ctx, "git", args...)
		s.must(ctx, t, err)
		return strings.TrimSpace(text)
	}
	changes := strings.Fields(git("log", "--format=%H", "--", "charts/*/templates", "charts/*/values.yaml", "charts/*/Chart.yaml"))
	versions := strings.Fields(git("log", "--format=%H", "-G", "^version:", "--", "charts/session-svc/Chart.yaml"))
	var commit string
	switch {
	case len(versions) > 1:
		commit = git("rev-parse", versions[0]+"^")
	case len(changes) > 1:
		commit = changes[1]
	default: // of a shallow clone, say
		p := previous{folder: s.root, commit: "today (this clone has no earlier ones)", values: map[string][]string{}}
		for service, release := range s.releases {
			p.values[service] = []string{"--values", release.Values}
		}
		return p
	}
	p := previous{folder: t.TempDir(), commit: commit[:7], values: map[string][]string{}}
	archive := filepath.Join(p.folder, "charts.tar")
	git("archive", "--output", archive, commit, "charts", "k8s", ":(glob)*-svc/go.mod")
	if _, err := s.Run(ctx, "tar", "-x", "-f", archive, "-C", p.folder); err != nil {
		t.Fatal(err)
	}
	for _, service := range kube.Services() {
		// The files of values that make deploy used then.
		said, err := s.Run(ctx, "bash", "-c", `. "$1/k8s/lib.sh" && { ! declare -F derive >/dev/null || derive; } && values "$2" && printf '%s\n' "${files[@]}"`, "", p.folder, service)
		s.must(ctx, t, err)
		for argument := range strings.FieldsSeq(said) {
			if argument != "--values" {
				p.values[service] = append(p.values[service], "--values", filepath.Join(p.folder, argument))
			}
		}
	}
	return p
}
