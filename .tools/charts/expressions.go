package charts

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// Expression is a query in PromQL, as it is sent to Prometheus.
type Expression struct {
	// Source says where it stands: a dashboard's file and panel, or an alert.
	Source string `json:"source"`
	// Alert reports whether it belongs to an alert, which has no result while all is well.
	Alert bool   `json:"alert"`
	Query string `json:"query"`
}

type rule struct {
	metav1.TypeMeta   `json:",inline"`
	metav1.ObjectMeta `json:"metadata"`

	Spec struct {
		Groups []struct {
			Name  string `json:"name"`
			Rules []struct {
				Alert       string            `json:"alert"`
				Expr        string            `json:"expr"`
				For         string            `json:"for"`
				Labels      map[string]string `json:"labels"`
				Annotations map[string]string `json:"annotations"`
			} `json:"rules"`
		} `json:"groups"`
	} `json:"spec"`
}

type dashboard struct {
	Title  string
	UID    string
	Panels []struct {
		Title   string
		Type    string
		Targets []struct{ Expr string }
	}
}

// asked replaces the variables of a dashboard by their values.
var asked = strings.NewReplacer("$namespace", Namespace, "$__rate_interval", "1m")

// Expressions returns every expression of the dashboards and alerts of all charts.
func Expressions() ([]Expression, error) {
	var list []Expression
	for _, name := range Services {
		rules, err := Objects[rule](name, "PrometheusRule", on("prometheusRule", "autoscaling"))
		if err != nil {
			return nil, err
		}
		for _, r := range rules {
			for _, group := range r.Spec.Groups {
				for _, alert := range group.Rules {
					list = append(list, Expression{Source: name + ": alert " + alert.Alert, Alert: true, Query: alert.Expr})
				}
			}
		}
		dashboards, err := dashboards(name)
		if err != nil {
			return nil, err
		}
		for _, file := range slices.Sorted(maps.Keys(dashboards)) {
			for _, panel := range dashboards[file].Panels {
				for _, target := range panel.Targets {
					list = append(list, Expression{Source: file + ": " + panel.Title, Query: asked.Replace(target.Expr)})
				}
			}
		}
	}
	return list, nil
}

// dashboards returns the dashboards of a chart, by file name.
func dashboards(name string) (map[string]dashboard, error) {
	maps, err := Objects[corev1.ConfigMap](name, "ConfigMap", on("dashboards"))
	if err != nil {
		return nil, err
	}
	dashboards := map[string]dashboard{}
	for _, config := range maps {
		for file, text := range config.Data {
			var d dashboard
			if err := json.Unmarshal([]byte(text), &d); err != nil {
				return nil, fmt.Errorf("%s: %w", file, err)
			}
			dashboards[file] = d
		}
	}
	return dashboards, nil
}
