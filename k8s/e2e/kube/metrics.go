package kube

import (
	"context"
	"encoding/json"
	"fmt"
	"net/url"
	"strconv"
	"strings"
)

// Answered returns how many requests a pod's public listener has answered since it started.
func (c *Cluster) Answered(ctx context.Context, pod string) (float64, error) {
	text, err := c.get(ctx, c.Pod(pod, 9090)+"/metrics")
	if err != nil {
		return 0, err
	}
	sum := 0.0
	for line := range strings.Lines(string(text)) {
		series, value, _ := strings.Cut(strings.TrimSpace(line), "} ")
		if strings.HasPrefix(series, "http_requests_total{") && strings.Contains(series, `listener="public"`) {
			n, err := strconv.ParseFloat(value, 64)
			if err != nil {
				return 0, fmt.Errorf("metrics of %s: %w", pod, err)
			}
			sum += n
		}
	}
	return sum, nil
}

// Version returns what a pod says its version is.
func (c *Cluster) Version(ctx context.Context, pod string) (string, error) {
	text, err := c.get(ctx, c.Pod(pod, 9090)+"/version")
	if err != nil {
		return "", err
	}
	var answer struct{ Version string }
	err = json.Unmarshal(text, &answer)
	return answer.Version, err
}

// Query sends an expression to Prometheus, and returns the values of all series in the answer.
func (c *Cluster) Query(ctx context.Context, expression string) ([]float64, error) {
	address := c.host + "/api/v1/namespaces/monitoring/services/prometheus:9090/proxy/api/v1/query?query=" + url.QueryEscape(expression)
	text, err := c.get(ctx, address)
	if err != nil {
		return nil, err
	}
	var answer struct {
		Data struct {
			Result []struct {
				Value [2]any `json:"value"`
			} `json:"result"`
		} `json:"data"`
	}
	if err := json.Unmarshal(text, &answer); err != nil {
		return nil, fmt.Errorf("answer of Prometheus: %w", err)
	}
	var values []float64
	for _, series := range answer.Data.Result {
		number, _ := series.Value[1].(string)
		value, err := strconv.ParseFloat(number, 64)
		if err != nil {
			return nil, fmt.Errorf("answer of Prometheus: %w", err)
		}
		values = append(values, value)
	}
	return values, nil
}
