package charts

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/common/model"
	"github.com/prometheus/prometheus/promql"
	"github.com/prometheus/prometheus/promql/promqltest"
)

// causes are histories in which the alerts must fire, and how Prometheus would have recorded them: a sample every 15 s.
// Beside them there are others in which they must not.
var causes = []struct {
	alert, service, what string
	minutes              int    // that the history lasts
	series               string // SERIES stands for the labels of the service's pods
	fires                bool
}{
	{"StreamLimitViolated", "session-svc", "a fourth stream", 20, `stream_limit_violations_total{SERIES} 0x40 1x40`, true},
	{"StreamLimitViolated", "session-svc", "none", 20, `stream_limit_violations_total{SERIES} 0x80`, false},
	{"StreamLimitViolated", "session-svc", "one of long ago", 20, `stream_limit_violations_total{SERIES} 1x80`, false},

	{"StreamRefusalsSpike", "session-svc", "a player that counts twice", 40, `
		stream_starts_total{SERIES,outcome="limit_reached"} 0+45x160
		stream_starts_total{SERIES,outcome="started"} 0+30x160`, true},
	{"StreamRefusalsSpike", "session-svc", "refusals now and then", 40, `
		stream_starts_total{SERIES,outcome="limit_reached"} 0+30x160
		stream_starts_total{SERIES,outcome="started"} 0+45x160`, false},
	{"StreamRefusalsSpike", "session-svc", "one account that insists at night", 40, `
		stream_starts_total{SERIES,outcome="limit_reached"} 0+3x160
		stream_starts_total{SERIES,outcome="started"} 0x160`, false},

	{"RedisEvicts", "session-svc", "a policy that was changed, as one of two pods sees first", 5, `
		redis_evicts{SERIES,pod="a"} 0x10 1x10
		redis_evicts{SERIES,pod="b"} 0x20`, true},
	{"RedisEvicts", "session-svc", "noeviction", 5, `redis_evicts{SERIES} 0x20`, false},
	{"RedisEvicts", "session-svc", "pods that have not said yet", 5, `redis_script_failures_total{SERIES} 0x20`, false},

	{"EventsNotDelivered", "session-svc", "an endpoint that is down, as one of two pods sees", 20, `
		events_lag_seconds{SERIES,pod="a",sink="other"} 0+15x80
		events_lag_seconds{SERIES,pod="b",sink="other"} 0x80`, true},
	{"EventsNotDelivered", "session-svc", "events that were lost", 20, `events_dropped_total{SERIES,sink="other"} 0x20 3x60`, true},
	{"EventsNotDelivered", "session-svc", "an endpoint that was down for a while", 20, `
		events_lag_seconds{SERIES,sink="other"} 0+15x30 0x50
		events_dropped_total{SERIES,sink="other"} 0x80`, false},

	{"RedisUnreachable", "session-svc", "no answer", 5, `
		redis_script_failures_total{SERIES} 0+15x20
		redis_script_duration_seconds_count{SERIES} 0+15x20`, true},
	{"RedisUnreachable", "session-svc", "one in a hundred lost", 5, `
		redis_script_failures_total{SERIES} 0+1x20
		redis_script_duration_seconds_count{SERIES} 0+100x20`, false},
	{"RedisUnreachable", "session-svc", "a restart of 15 s", 10, `
		redis_script_failures_total{SERIES} 0x20 15x20
		redis_script_duration_seconds_count{SERIES} 0+15x40`, false},

	{"ErrorBudgetBurn", "user-svc", "half of the answers 500", 75, `
		http_requests_total{SERIES,code="500"} 0+15x300
		http_requests_total{SERIES,code="200"} 0+15x300`, true},
	{"ErrorBudgetBurn", "user-svc", "refusals", 75, `
		http_requests_total{SERIES,code="403"} 0+15x300
		http_requests_total{SERIES,code="500"} 0x300`, false},

	{"HPAAtMaximum", "content-svc", "ten pods", 20, strings.Repeat("up{SERIES,pod=\"NUMBER\"} 1x80\n", 10), true},
	{"HPAAtMaximum", "content-svc", "nine pods", 20, strings.Repeat("up{SERIES,pod=\"NUMBER\"} 1x80\n", 9), false},

	{"HPAMetricMissing", "user-svc", "no pod is scraped", 15, `http_requests_total{namespace="elsewhere"} 0+1x60`, true},
	{"HPAMetricMissing", "user-svc", "a dead adapter, by the API server", 15, `
		http_requests_total{SERIES} 0+1x60
		aggregator_unavailable_apiservice{name="v1beta1.metrics.k8s.io"} 0x60
		aggregator_unavailable_apiservice{name="v1beta1.custom.metrics.k8s.io"} 1x60`, true},
	{"HPAMetricMissing", "user-svc", "no adapter, by the API server", 15, `
		http_requests_total{SERIES} 0+1x60
		aggregator_unavailable_apiservice{name="v1beta1.metrics.k8s.io"} 0x60`, true},
	{"HPAMetricMissing", "user-svc", "an adapter without the metric, by kube-state-metrics", 15, `
		http_requests_total{SERIES} 0+1x60
		kube_horizontalpodautoscaler_status_condition{namespace="streamgate",horizontalpodautoscaler="user-svc",condition="ScalingActive",status="false"} 1x60`, true},
	{"HPAMetricMissing", "user-svc", "an adapter that starts again", 15, `
		http_requests_total{SERIES} 0+1x60
		aggregator_unavailable_apiservice{name="v1beta1.custom.metrics.k8s.io"} 0x20 1x10 0x30`, false},
	{"HPAMetricMissing", "user-svc", "an API server that Prometheus doesn't read", 15, `http_requests_total{SERIES} 0+1x60`, false},
}

// scrape is how often the histories have a sample.
const scrape = 15 * time.Second

func TestAlertsFire(t *testing.T) {
	t.Parallel()
	fired := map[string]bool{}
	for _, cause := range causes {
		rules, err := Objects[rule](cause.service, "PrometheusRule", withAlerts(cause.service))
		if err != nil {
			t.Fatal(err)
		}
		labels := `namespace="` + Namespace + `",service="` + cause.service + `"`
		history := "load 15s\n"
		for i, line := range strings.Split(strings.TrimSpace(cause.series), "\n") {
			line = strings.NewReplacer("SERIES", labels, "NUMBER", string(rune('a'+i))).Replace(strings.TrimSpace(line))
			history += "  " + line + "\n"
		}
		storage := promqltest.LoadedStorage(t, history)
		engine := promqltest.NewTestEngine(t, false, 5*time.Minute, 1_000_000)
		fires := false
		for _, alert := range rules[0].Spec.Groups[0].Rules {
			if alert.Alert != cause.alert {
				continue
			}
			hold, err := model.ParseDuration(max(alert.For, "0s"))
			if err != nil {
				t.Fatal(err)
			}
			since := time.Time{}
			for at := time.Unix(0, 0); at.Before(time.Unix(0, 0).Add(time.Duration(cause.minutes) * time.Minute)); at = at.Add(scrape) {
				query, err := engine.NewInstantQuery(context.WithoutCancel(t.Context()), storage, nil, alert.Expr, at)
				if err != nil {
					t.Fatalf("%s: %v", alert.Alert, err)
				}
				vector, err := query.Exec(t.Context()).Vector()
				if err != nil {
					t.Fatalf("%s: %v", alert.Alert, err)
				}
				since = begin(vector, since, at)
				fires = fires || !since.IsZero() && at.Sub(since) >= time.Duration(hold)
				query.Close()
			}
		}
		if fires != cause.fires {
			t.Errorf("%s, %s: fires %t, want %t", cause.alert, cause.what, fires, cause.fires)
		}
		fired[cause.alert] = fired[cause.alert] || fires
	}
	for _, name := range Services {
		rules, err := Objects[rule](name, "PrometheusRule", withAlerts(name))
		if err != nil {
			t.Fatal(err)
		}
		for _, alert := range rules[0].Spec.Groups[0].Rules {
			if !fired[alert.Alert] {
				t.Errorf("nothing shows %s firing", alert.Alert)
			}
		}
	}
}

// withAlerts returns the values with which a chart has all its alerts.
func withAlerts(service string) map[string]any {
	values := on("prometheusRule", "autoscaling")
	if service == "session-svc" {
		values["events"] = map[string]any{"endpoints": []any{map[string]any{"name": "other", "webhook": "https://other.example.com"}}}
	}
	return values
}

// begin returns since when an expression has had a result.
func begin(vector promql.Vector, since, now time.Time) time.Time {
	if len(vector) == 0 {
		return time.Time{}
	}
	if since.IsZero() {
		return now
	}
	return since
}
