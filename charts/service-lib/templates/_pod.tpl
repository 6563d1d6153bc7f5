{{/* What the restricted Pod Security standard requires of a pod, and who it runs as, where that isn't left to the cluster. */}}
{{- define "streamgate.podSecurity" -}}
runAsNonRoot: true
{{- range $name := list "runAsUser" "runAsGroup" "fsGroup" }}
{{- with index (default dict $.Values.podSecurity) $name }}
{{ $name }}: {{ int64 . }}
{{- end }}
{{- end }}
fsGroupChangePolicy: OnRootMismatch
seccompProfile:
  type: RuntimeDefault
{{- end }}

{{- define "streamgate.containerSecurity" -}}
allowPrivilegeEscalation: false
readOnlyRootFilesystem: true
capabilities:
  drop: [ALL]
{{- end }}

{{/* A variable from a secret. list: variable, secret, key. */}}
{{- define "streamgate.secretEnv" -}}
- name: {{ index . 0 }}
  valueFrom:
    secretKeyRef:
      name: {{ index . 1 }}
      key: {{ index . 2 }}
{{- end }}

{{/* A variable with a value. list: variable, value. An empty one is left out: the API server drops it, and tools that compare would disagree. */}}
{{- define "streamgate.env" -}}
{{- if ne (toString (index . 1)) "" -}}
- name: {{ index . 0 }}
  value: {{ index . 1 | toString | quote }}
{{- end -}}
{{- end }}

{{/* The settings that all services have. */}}
{{- define "streamgate.commonEnv" -}}
{{ include "streamgate.env" (list "LOG_LEVEL" .Values.logLevel) }}
{{ include "streamgate.env" (list "LOG_FORMAT" .Values.logFormat) }}
{{ include "streamgate.env" (list "TRUSTED_PROXIES" (join "," .Values.trustedProxies)) }}
{{ include "streamgate.env" (list "CORS_ORIGINS" (join "," .Values.corsOrigins)) }}
{{ include "streamgate.env" (list "PPROF" .Values.pprof) }}
{{- if .Values.traces.endpoint }}
{{ include "streamgate.env" (list "OTEL_EXPORTER_OTLP_ENDPOINT" .Values.traces.endpoint) }}
{{ include "streamgate.env" (list "OTEL_TRACES_SAMPLER_ARG" .Values.traces.share) }}
{{ include "streamgate.env" (list "TRACES_CONTINUE" .Values.traces.continue) }}
{{- if .Values.traces.existingSecret }}
{{ include "streamgate.secretEnv" (list "OTEL_EXPORTER_OTLP_HEADERS" .Values.traces.existingSecret "otlp-headers") }}
{{- end }}
{{- end }}
{{ include "streamgate.env" (list "DRAIN_DELAY" (printf "%ds" (int .Values.shutdown.drainDelaySeconds))) }}
{{ include "streamgate.env" (list "DRAIN_TIMEOUT" (printf "%ds" (int .Values.shutdown.drainTimeoutSeconds))) }}
# Optional, since the service itself says which of them it lacks, and has the other ones of an installation from before the pairs.
{{- range concat (include "streamgate.pairs" . | fromYamlArray) (list (dict "variable" "INTERNAL_SECRETS" "secret" (include "streamgate.sharedSecret" .) "key" "internal-secrets")) }}
{{ include "streamgate.secretEnv" (list .variable .secret .key) }}
      optional: true
{{- end }}
{{- if dig "limits" "memory" "" .Values.resources }}
# A million bytes for each MiB of the limit: 95 % of it. Go collects harder when it comes near that, instead of being killed.
- name: MEMORY_LIMIT_MIB
  valueFrom:
    resourceFieldRef:
      containerName: {{ .Service }}
      resource: limits.memory
      divisor: 1Mi
{{ include "streamgate.env" (list "GOMEMLIMIT" "$(MEMORY_LIMIT_MIB)000000") }}
{{- end }}
{{- end }}

{{/* "true" if something other than the Deployment decides how many replicas there are. */}}
{{- define "streamgate.scaled" -}}
{{- if and .Values.autoscaling.enabled .Values.keda.enabled -}}
{{- fail "autoscaling.enabled, keda.enabled: choose one; two autoscalers of one Deployment fight" -}}
{{- end -}}
{{- $least := int .Values.autoscaling.minReplicas }}{{ $most := int .Values.autoscaling.maxReplicas -}}
{{- if gt $least $most -}}
{{- fail (printf "autoscaling.minReplicas: %d is above autoscaling.maxReplicas, %d" $least $most) -}}
{{- end -}}
{{- if or .Values.autoscaling.enabled .Values.keda.enabled }}true{{ end -}}
{{- end }}

{{/* The most replicas that there can be. */}}
{{- define "streamgate.maxReplicas" -}}
{{- ternary .Values.autoscaling.maxReplicas .Values.replicas (eq "true" (include "streamgate.scaled" .)) -}}
{{- end }}

{{/*
From the decision to end a pod to its last answer: the pause in which the endpoints lose it, the service's own delay, in which
it asks clients to close their connections, the time that requests have, and 5 s for closing the stores (libs/service).
*/}}
{{- define "streamgate.gracePeriod" -}}
{{- with .Values.shutdown -}}
{{- add (int .preStopSeconds) (int .drainDelaySeconds) (int .drainTimeoutSeconds) 5 -}}
{{- end -}}
{{- end }}
