{{/* What this service has of its own; the rest is in service-lib. */}}

{{- define "content-svc.env" -}}
{{ include "streamgate.secretEnv" (list "MONGODB_URI" .Values.mongodb.existingSecret .Values.mongodb.key) }}
{{ include "streamgate.env" (list "MONGODB_DATABASE" .Values.mongodb.database) }}
{{ include "streamgate.env" (list "SESSION_SVC_URL" (include "streamgate.peerURL" (list . "session-svc" "-internal:8081" .Values.sessionSvc))) }}
{{ include "streamgate.env" (list "MEDIA_URL" .Values.media.url) }}
{{ include "streamgate.secretEnv" (list "GRANT_KEYS" (include "streamgate.sharedSecret" .) "grant-keys") }}
{{ include "streamgate.env" (list "AHEAD" .Values.ahead) }}
{{ include "streamgate.env" (list "MEDIA_BIT_RATE" (int64 .Values.mediaBitRate)) }}
{{ include "streamgate.env" (list "UPLOAD_LIMIT" (int64 .Values.uploadLimit)) }}
{{ include "streamgate.env" (list "DEMO_CONTENT" .Values.demoContent) }}
{{- end }}

{{/* The folder of the files, if they are in a folder. */}}
{{- define "content-svc.folder" -}}
{{- if hasPrefix "file://" .Values.media.url }}{{ trimPrefix "file://" .Values.media.url }}{{ end -}}
{{- end }}

{{/* The claim of the folder; empty if each pod has its own. */}}
{{- define "content-svc.claim" -}}
{{- with .Values.media.persistence -}}
{{- if .existingClaim }}{{ .existingClaim }}{{ else if .enabled }}{{ include "streamgate.fullname" $ }}-media{{ end -}}
{{- end -}}
{{- end }}

{{- define "content-svc.volumes" -}}
{{- if include "content-svc.folder" . -}}
- name: media
  {{- with include "content-svc.claim" . }}
  persistentVolumeClaim:
    claimName: {{ . }}
  {{- else }}
  emptyDir: {}
  {{- end }}
{{- else -}}
[]
{{- end -}}
{{- end }}

{{- define "content-svc.volumeMounts" -}}
{{- with include "content-svc.folder" . -}}
- name: media
  mountPath: {{ . }}
{{- else -}}
[]
{{- end -}}
{{- end }}

{{/* A test compares these with the service's run.yaml. */}}
{{- define "content-svc.paths" -}}
- path: /
  exact: true
- path: /app
- path: /media
- path: /docs/content-svc
{{- end }}

{{/* session-svc asks for the catalogue. */}}
{{- define "content-svc.callers" -}}
- {name: session-svc, port: 8081}
{{- end }}

{{/* session-svc knows whether a lease is alive. */}}
{{- define "content-svc.callees" -}}
- {name: session-svc, port: 8081}
{{- end }}

{{- define "content-svc.secretKeys" -}}
{}
{{- end }}

{{- define "content-svc.requiredSecrets" -}}
- name: {{ .Values.mongodb.existingSecret }}
  key: {{ .Values.mongodb.key }}
  example: mongodb://user:password@host:27017/?replicaSet=rs0
- {name: {{ include "streamgate.sharedSecret" . }}, key: grant-keys, generated: {{ empty .Values.secrets.shared.existingSecret }}, example: … }
{{- end }}

{{- define "content-svc.alerts" -}}
[]
{{- end }}
