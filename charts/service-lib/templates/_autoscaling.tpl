{{- define "streamgate.hpa" -}}
{{- if and (include "streamgate.scaled" .) .Values.autoscaling.enabled -}}
apiVersion: autoscaling/v2
kind: HorizontalPodAutoscaler
metadata:
  {{- include "streamgate.metadata" (dict "root" .) | nindent 2 }}
spec:
  scaleTargetRef:
    apiVersion: apps/v1
    kind: Deployment
    name: {{ include "streamgate.fullname" . }}
  minReplicas: {{ .Values.autoscaling.minReplicas }}
  maxReplicas: {{ .Values.autoscaling.maxReplicas }}
  # The larger result counts. CPU is there for when requests can't be counted: an HPA without a metric does nothing.
  metrics:
    - type: Pods
      pods:
        metric:
          name: http_requests_per_second
        target:
          type: AverageValue
          averageValue: {{ .Values.autoscaling.requestsPerSecond | quote }}
    - type: Resource
      resource:
        name: cpu
        target:
          type: Utilization
          averageUtilization: {{ .Values.autoscaling.cpuUtilization }}
  behavior:
    {{- toYaml .Values.autoscaling.behavior | nindent 4 }}
{{- end -}}
{{- end }}

{{/* KEDA makes an HPA of its own; bounds, targets and behaviour are those of autoscaling. */}}
{{- define "streamgate.scaledobject" -}}
{{- if and (include "streamgate.scaled" .) .Values.keda.enabled -}}
apiVersion: keda.sh/v1alpha1
kind: ScaledObject
metadata:
  {{- include "streamgate.metadata" (dict "root" .) | nindent 2 }}
spec:
  scaleTargetRef:
    name: {{ include "streamgate.fullname" . }}
  minReplicaCount: {{ .Values.autoscaling.minReplicas }}
  maxReplicaCount: {{ .Values.autoscaling.maxReplicas }}
  pollingInterval: 15
  # Without an answer of Prometheus, no pod is taken away. A query without a result is no answer: it does not mean that nobody asks.
  fallback:
    failureThreshold: 3
    replicas: {{ .Values.autoscaling.minReplicas }}
    behavior: currentReplicasIfHigher
  advanced:
    horizontalPodAutoscalerConfig:
      behavior:
        {{- toYaml .Values.autoscaling.behavior | nindent 8 }}
  triggers:
    - type: prometheus
      metadata:
        serverAddress: {{ required "keda.serverAddress: the address of Prometheus, such as http://prometheus.monitoring:9090" .Values.keda.serverAddress }}
        query: sum(rate(http_requests_total{namespace={{ .Release.Namespace | quote }},service={{ .Service | quote }}}[1m]))
        ignoreNullValues: "false"
        threshold: {{ .Values.autoscaling.requestsPerSecond | quote }}
    - type: cpu
      metricType: Utilization
      metadata:
        value: {{ .Values.autoscaling.cpuUtilization | quote }}
{{- end -}}
{{- end }}
