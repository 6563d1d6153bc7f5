// Package metrics measures a service for Prometheus.
package metrics
