package e2e

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"streamgate/k8s/e2e/kube"
	"streamgate/k8s/e2e/table"
)

// expression is an expression of a dashboard or an alert.
type expression struct {
	Source string
	Alert  bool
	Query  string
}

// elsewhere matches metrics of programs that a cluster may have but make deploy doesn't install.
var elsewhere = regexp.MustCompile(`^kube_`)

// expressions returns all of them, as they are sent to Prometheus.
func (s *suite) expressions(ctx context.Context, t *testing.T) []expression {
	t.Helper()
	text, err := s.Run(ctx, "go", "-C", ".tools/charts", "run", "./expressions")
	s.must(ctx, t, err)
	var list []expression
	lines := bufio.NewScanner(strings.NewReader(text))
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		var e expression
		if err := json.Unmarshal(lines.Bytes(), &e); err != nil {
			t.Fatalf("%v in %s", err, lines.Text())
		}
		list = append(list, e)
	}
	if len(list) == 0 {
		t.Fatal("no expressions")
	}
	return list
}

// ask sends every expression to Prometheus. A dashboard's expression must return data. An alert's returns none while
// all is well, but what it is made of must exist.
func (s *suite) ask(ctx context.Context, t *testing.T, row *table.Row, list []expression) {
	t.Helper()
	alerts, silent := 0, 0
	for _, e := range list {
		queries := []string{e.Query}
		if e.Alert {
			alerts++
			if _, err := s.Query(ctx, e.Query); err != nil {
				t.Errorf("%s: %v", e.Source, err)
			}
			queries = operands(e.Query)
		}
		for _, query := range queries {
			err := kube.Until(ctx, 45*time.Second, func(ctx context.Context) error {
				values, err := s.Query(ctx, query)
				if err == nil && !slices.ContainsFunc(values, func(v float64) bool { return !math.IsNaN(v) }) { // NaN is shown as a gap
					err = errors.New("no data")
				}
				return err
			})
			if err != nil {
				silent++
				t.Errorf("%s: %v: %s", e.Source, err, query)
			}
		}
	}
	row.Remark = fmt.Sprintf("%d expressions of dashboards and the series of %d alerts, of which %d have no data", len(list)-alerts, alerts, silent)
}

var (
	selector = regexp.MustCompile(`([a-zA-Z_:][a-zA-Z0-9_:]*)\{([^}]*)\}`)
	// released matches the labels that identify the series of a release. Other labels select what is wrong among them,
	// which may not exist.
	released = regexp.MustCompile(`(namespace|service)="[^"]*"`)
)

// operands returns the metrics that an expression is made of, of the same release.
func operands(query string) []string {
	var list []string
	for _, match := range selector.FindAllStringSubmatch(query, -1) {
		if !elsewhere.MatchString(match[1]) {
			list = append(list, match[1]+"{"+strings.Join(released.FindAllString(match[2], -1), ",")+"}")
		}
	}
	return list
}
