{{/* What this service has of its own; the rest is in service-lib. */}}

{{- define "session-svc.env" -}}
{{ include "streamgate.secretEnv" (list "REDIS_URL" .Values.redis.existingSecret .Values.redis.key) }}
{{ include "streamgate.env" (list "REDIS_MODE" .Values.redis.mode) }}
{{ include "streamgate.env" (list "JWKS_URL" (printf "%s/.well-known/jwks.json" (include "streamgate.peerURL" (list . "user-svc" ":8080" .Values.userSvcPublic)))) }}
{{ include "streamgate.env" (list "USER_SVC_URL" (include "streamgate.peerURL" (list . "user-svc" "-internal:8081" .Values.userSvc))) }}
{{ include "streamgate.env" (list "CONTENT_SVC_URL" (include "streamgate.peerURL" (list . "content-svc" "-internal:8081" .Values.contentSvc))) }}
{{ include "streamgate.env" (list "PUBLIC_URL" .Values.publicURL) }}
{{ include "streamgate.env" (list "LEASE" .Values.lease) }}
{{ include "streamgate.env" (list "AHEAD" .Values.ahead) }}
{{ include "streamgate.env" (list "BUDGET_FACTOR" .Values.budget.factor) }}
{{ include "streamgate.env" (list "BUDGET_BURST" .Values.budget.burst) }}
{{ include "streamgate.env" (list "STARTS_EVERY" .Values.starts.every) }}
{{ include "streamgate.env" (list "STARTS_BURST" .Values.starts.burst) }}
{{ include "streamgate.env" (list "CMCD" .Values.cmcd.enabled) }}
{{ include "streamgate.env" (list "CMCD_PAUSE" .Values.cmcd.pause) }}
{{ include "streamgate.env" (list "SESSION_TTL" .Values.sessionTTL) }}
{{ include "streamgate.env" (list "TOKEN_ISSUER" .Values.token.issuer) }}
{{ include "streamgate.env" (list "TOKEN_IN_QUERY" .Values.token.inQuery) }}
{{ include "streamgate.env" (list "ISSUERS" (empty .Values.issuers | ternary "" (toJson .Values.issuers))) }}
{{ include "streamgate.env" (list "AUTHORIZE" .Values.authorize.enabled) }}
{{ include "streamgate.env" (list "AUTHORIZE_GRPC_ADDR" (ternary ":8082" "" .Values.authorize.envoy)) }}
{{- if .Values.events.endpoints }}
{{ include "streamgate.env" (list "EVENTS" (toJson .Values.events.endpoints)) }}
{{ include "streamgate.env" (list "EVENT_CONTENTS" .Values.events.contents) }}
{{ include "streamgate.env" (list "EVENT_DEVICES" .Values.events.devices) }}
{{- if .Values.events.existingSecret }}
{{ include "streamgate.secretEnv" (list "EVENT_SECRETS" .Values.events.existingSecret "event-secrets") }}
{{- end }}
{{- end }}
{{- if or .Values.events.endpoints .Values.reports.existingSecret }}
{{ include "streamgate.env" (list "EVENTS_KEEP" .Values.events.keep) }}
{{- end }}
{{- with .Values.reports.existingSecret }}
{{ include "streamgate.secretEnv" (list "REPORTS_MONGODB_URI" . $.Values.reports.key) }}
{{ include "streamgate.env" (list "REPORTS_MONGODB_DATABASE" $.Values.reports.database) }}
{{ include "streamgate.env" (list "REPORTS_KEEP" $.Values.reports.keep) }}
{{- end }}
{{ include "streamgate.secretEnv" (list "GRANT_KEYS" (include "streamgate.sharedSecret" .) "grant-keys") }}
{{ include "streamgate.secretEnv" (list "REFRESH_KEYS" (include "streamgate.ownSecret" .) "refresh-keys") }}
{{- end }}

{{- define "session-svc.volumes" -}}
[]
{{- end }}

{{- define "session-svc.volumeMounts" -}}
[]
{{- end }}

{{/* A test compares these with the service's run.yaml. */}}
{{- define "session-svc.paths" -}}
- path: /content
- path: /uploads
- path: /streams
- path: /cmcd
- path: /sessions
- path: /accounts
- path: /house
- path: /reports
- path: /docs/session-svc
- path: /docs
  exact: true
{{- end }}

{{/* user-svc opens and ends device sessions, content-svc renews leases. */}}
{{- define "session-svc.callers" -}}
- {name: user-svc, port: 8081}
- {name: content-svc, port: 8081}
{{- end }}

{{/* The public keys and the plans of user-svc, the catalogue of content-svc. */}}
{{- define "session-svc.callees" -}}
- {name: user-svc, port: 8080}
- {name: user-svc, port: 8081}
- {name: content-svc, port: 8081}
{{- end }}

{{- define "session-svc.secretKeys" -}}
refresh-keys: bytes
{{- end }}

{{- define "session-svc.requiredSecrets" -}}
- name: {{ .Values.redis.existingSecret }}
  key: {{ .Values.redis.key }}
  example: redis://user:password@host:6379/0
- {name: {{ include "streamgate.sharedSecret" . }}, key: grant-keys, generated: {{ empty .Values.secrets.shared.existingSecret }}, example: … }
- {name: {{ include "streamgate.ownSecret" . }}, key: refresh-keys, generated: {{ empty .Values.secrets.existingSecret }}, example: … }
{{- if and .Values.events.endpoints .Values.events.existingSecret }}
- {name: {{ .Values.events.existingSecret }}, key: event-secrets, example: "billing:whsec_…" }
{{- end }}
{{- with .Values.reports.existingSecret }}
- name: {{ . }}
  key: {{ $.Values.reports.key }}
  example: mongodb://user:password@host:27017/?replicaSet=rs0
{{- end }}
{{- end }}

{{- define "session-svc.alerts" -}}
{{- $series := include "streamgate.series" . -}}
- alert: StreamLimitViolated
  severity: critical
  summary: An account held more live streams than its limit
  expr: sum(increase(stream_limit_violations_total{ {{- $series }}}[10m])) > 0
- alert: StreamRefusalsSpike
  severity: warning
  for: 10m
  summary: More than half of the starts are refused at the limit
  expr: |
    sum(rate(stream_starts_total{ {{- $series }},outcome="limit_reached"}[10m])) / sum(rate(stream_starts_total{ {{- $series }}}[10m])) > 0.5
    and
    sum(rate(stream_starts_total{ {{- $series }},outcome="limit_reached"}[10m])) > 1
- alert: RedisEvicts
  severity: critical
  summary: Redis was told to throw keys away when it is full, and then more streams play than may
  expr: max(redis_evicts{ {{- $series }}}) > 0
{{- if or .Values.events.endpoints .Values.reports.existingSecret }}
- alert: EventsNotDelivered
  severity: warning
  for: 5m
  summary: An endpoint has taken no events for more than ten minutes, or has lost some
  expr: |
    max by (sink) (events_lag_seconds{ {{- $series }}}) > 600
    or
    sum by (sink) (increase(events_dropped_total{ {{- $series }}}[10m])) > 0
{{- end }}
- alert: RedisUnreachable
  severity: critical
  for: 1m
  summary: session-svc gets no answer from Redis; no new stream can start
  expr: sum(rate(redis_script_failures_total{ {{- $series }}}[1m])) / sum(rate(redis_script_duration_seconds_count{ {{- $series }}}[1m])) > 0.1
{{- end }}
