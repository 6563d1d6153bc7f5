package charts

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/prometheus/prometheus/promql/parser"
)

func TestExpressionsAreValid(t *testing.T) {
	t.Parallel()
	list, err := Expressions()
	if err != nil {
		t.Fatal(err)
	}
	if len(list) < 60 {
		t.Errorf("only %d expressions found", len(list))
	}
	grammar := parser.NewParser(parser.Options{})
	for _, expression := range list {
		if _, err := grammar.ParseExpr(expression.Query); err != nil || strings.Contains(expression.Query, "$") {
			t.Errorf("%s: %v in %s", expression.Source, err, expression.Query)
		}
	}
}

func TestAlertsSayWhatToDo(t *testing.T) {
	t.Parallel()
	runbooks, err := os.ReadFile(filepath.Join(Folder(), "RUNBOOKS.md"))
	if err != nil {
		t.Fatal(err)
	}
	found := map[string]bool{}
	for _, name := range Services {
		rules, err := Objects[rule](name, "PrometheusRule", on("prometheusRule", "autoscaling"))
		if err != nil || len(rules) != 1 {
			t.Fatal(rules, err)
		}
		for _, alert := range rules[0].Spec.Groups[0].Rules {
			found[alert.Alert] = true
			if want := "charts/RUNBOOKS.md#" + strings.ToLower(alert.Alert); alert.Annotations["runbook_url"] != want || alert.Annotations["summary"] == "" ||
				alert.Labels["severity"] == "" {
				t.Errorf("%s: %v, %v", alert.Alert, alert.Labels, alert.Annotations)
			}
			if !strings.Contains(string(runbooks), "\n### "+alert.Alert+"\n") {
				t.Errorf("charts/RUNBOOKS.md has no entry for %s", alert.Alert)
			}
		}
	}
	for _, name := range []string{
		"StreamLimitViolated", "StreamRefusalsSpike", "RedisUnreachable", "ErrorBudgetBurn", "HPAAtMaximum", "HPAMetricMissing",
	} {
		if !found[name] {
			t.Errorf("no alert %s", name)
		}
	}
}

func TestDashboardsAreToldApart(t *testing.T) {
	t.Parallel()
	seen := map[string]string{}
	for _, name := range Services {
		dashboards, err := dashboards(name)
		if err != nil {
			t.Fatal(err)
		}
		for file, d := range dashboards {
			if other := seen[d.UID]; d.UID == "" || d.Title == "" || other != "" {
				t.Errorf("%s: uid %q, which %s has too", file, d.UID, other)
			}
			seen[d.UID] = file
		}
	}
	if len(seen) != len(Services)+1 {
		t.Errorf("dashboards %v", seen)
	}
}
