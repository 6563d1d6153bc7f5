{{- define "streamgate.servicemonitor" -}}
{{- if .Values.serviceMonitor.enabled -}}
apiVersion: monitoring.coreos.com/v1
kind: ServiceMonitor
metadata:
  {{- include "streamgate.metadata" (dict "root" . "labels" .Values.serviceMonitor.labels) | nindent 2 }}
spec:
  selector:
    matchLabels:
      {{- include "streamgate.selector" . | nindent 6 }}
      app.kubernetes.io/component: metrics
  endpoints:
    - port: metrics
      interval: {{ .Values.serviceMonitor.interval }}
      # The label by which the autoscaler's metric, the dashboards and the alerts know a service, whatever its release is called.
      relabelings:
        - sourceLabels: [__meta_kubernetes_service_label_app_kubernetes_io_name]
          targetLabel: service
{{- end -}}
{{- end }}

{{/*
The alerts: those of every service are here, a service's own in "<chart>.alerts". Without a Prometheus operator, .spec is a rule
file that Prometheus reads.
*/}}
{{- define "streamgate.prometheusrule" -}}
{{- if .Values.prometheusRule.enabled -}}
apiVersion: monitoring.coreos.com/v1
kind: PrometheusRule
metadata:
  {{- include "streamgate.metadata" (dict "root" . "labels" .Values.prometheusRule.labels) | nindent 2 }}
spec:
  groups:
    - name: {{ .Release.Namespace }}/{{ .Service }}
      rules:
        {{- range concat (include "streamgate.alerts" . | fromYamlArray) (include (printf "%s.alerts" .Service) . | fromYamlArray) }}
        - alert: {{ .alert }}
          expr: |-
            {{- .expr | trim | nindent 12 }}
          {{- with .for }}
          for: {{ . }}
          {{- end }}
          labels:
            severity: {{ .severity }}
            service: {{ $.Service }}
          annotations:
            summary: {{ .summary | toJson }}
            runbook_url: {{ printf "%s#%s" $.Values.prometheusRule.runbookURL (lower .alert) }}
        {{- end }}
{{- end -}}
{{- end }}

{{/* The labels that identify this release's series. */}}
{{- define "streamgate.series" -}}
namespace="{{ .Release.Namespace }}",service="{{ .Service }}"
{{- end }}

{{/* Burn rates of the error budget as in Google's SRE workbook, chapter 5: 14.4 spends 2 % of a month's budget in an hour, 6 spends 5 % in six. */}}
{{- define "streamgate.alerts" -}}
{{- $series := include "streamgate.series" . -}}
{{- $budget := subf 1 (divf .Values.prometheusRule.availability 100) -}}
{{- range list (list "1h" "5m" 14.4 "critical") (list "6h" "30m" 6.0 "warning") }}
{{- $limit := mulf $budget (index . 2) | printf "%.6f" }}
- alert: ErrorBudgetBurn
  severity: {{ index . 3 }}
  summary: {{ $.Service }} answers so many requests with 5xx that its error budget won't last
  expr: |
    {{- range $i, $window := list (index . 0) (index . 1) }}
    {{ if $i }}and {{ end -}}
    sum(rate(http_requests_total{ {{- $series }},code=~"5.."}[{{ $window }}])) / sum(rate(http_requests_total{ {{- $series }}}[{{ $window }}])) > {{ $limit }}
    {{- end }}
{{- end }}
{{- if include "streamgate.scaled" . }}
- alert: HPAAtMaximum
  severity: warning
  for: 15m
  summary: {{ .Service }} runs as many replicas as its autoscaler may start
  expr: count(up{ {{- $series }}} == 1) >= {{ .Values.autoscaling.maxReplicas }}
# What the metric is made of; what the API server says of the metrics API, where Prometheus reads its metrics; and what kube-state-metrics says
# of the autoscaler, where there is one.
- alert: HPAMetricMissing
  severity: warning
  for: 5m
  summary: The autoscaler of {{ .Service }} has no requests per second to go by
  expr: |
    absent(http_requests_total{ {{- $series }}})
    or absent(aggregator_unavailable_apiservice{name=~"v[^.]+[.]{{ ternary "external" "custom" .Values.keda.enabled }}[.]metrics[.]k8s[.]io"} == 0) and on () group(aggregator_unavailable_apiservice)
    or kube_horizontalpodautoscaler_status_condition{namespace="{{ .Release.Namespace }}",horizontalpodautoscaler=~"(keda-hpa-)?{{ include "streamgate.fullname" . }}",condition="ScalingActive",status="false"} == 1
{{- end }}
{{- end }}

{{/*
The dashboard of the service, and those of the chart's folder dashboards. In the service's, [[ and ]] stand for Grafana's braces.
*/}}
{{- define "streamgate.dashboard" -}}
{{- if .Values.dashboards.enabled -}}
apiVersion: v1
kind: ConfigMap
metadata:
  {{- include "streamgate.metadata" (dict "root" . "suffix" "dashboards" "labels" .Values.dashboards.labels "annotations" .Values.dashboards.annotations) | nindent 2 }}
data:
  {{ .Service }}.json: |
    {{- include "streamgate.servicedashboard" . | replace "[[" "{{" | replace "]]" "}}" | nindent 4 }}
  {{- range $path, $_ := .Files.Glob "dashboards/*.json" }}
  {{ base $path }}: |
    {{- $.Files.Get $path | nindent 4 }}
  {{- end }}
{{- end -}}
{{- end }}
