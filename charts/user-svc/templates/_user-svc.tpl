{{/* What this service has of its own; the rest is in service-lib. */}}

{{- define "user-svc.env" -}}
{{ include "streamgate.secretEnv" (list "MONGODB_URI" .Values.mongodb.existingSecret .Values.mongodb.key) }}
{{ include "streamgate.env" (list "MONGODB_DATABASE" .Values.mongodb.database) }}
{{ include "streamgate.env" (list "SESSION_SVC_URL" (include "streamgate.peerURL" (list . "session-svc" "-internal:8081" .Values.sessionSvc))) }}
{{- $files := list }}
{{- range .Values.token.keys }}{{ $files = append $files (printf "/etc/streamgate/%s" .) }}{{ end }}
{{ include "streamgate.env" (list "TOKEN_KEY_FILES" (join "," $files)) }}
{{ include "streamgate.env" (list "TOKEN_TTL" .Values.token.ttl) }}
{{ include "streamgate.env" (list "REFUSE_COMMON_PASSWORDS" .Values.passwords.refuseCommon) }}
{{ include "streamgate.env" (list "TOKEN_ISSUER" .Values.token.issuer) }}
{{- with .Values.admin.email }}
{{ include "streamgate.env" (list "ADMIN_EMAIL" .) }}
{{ include "streamgate.secretEnv" (list "ADMIN_PASSWORD" (include "streamgate.ownSecret" $) "admin-password") }}
{{- end }}
{{- with .Values.smtp }}
{{- if .address }}
{{ include "streamgate.env" (list "SMTP_ADDR" .address) }}
{{ include "streamgate.env" (list "SMTP_FROM" (required "smtp.from: the sender of the mail, such as Streamgate <no-reply@example.com>" .from)) }}
{{- with .helo }}
{{ include "streamgate.env" (list "SMTP_HELO" .) }}
{{- end }}
{{ include "streamgate.env" (list "SMTP_TLS" .tls) }}
{{ include "streamgate.env" (list "RESET_URL" (required "smtp.resetURL: the link in the mail, with {token} in it" .resetURL)) }}
{{- with .existingSecret }}
{{ include "streamgate.secretEnv" (list "SMTP_USERNAME" . "username") }}
{{ include "streamgate.secretEnv" (list "SMTP_PASSWORD" . "password") }}
{{- end }}
{{- end }}
{{- end }}
{{- end }}

{{- define "user-svc.volumes" -}}
- name: keys
  secret:
    secretName: {{ include "streamgate.ownSecret" . }}
    defaultMode: 0440
    items:
      {{- range .Values.token.keys }}
      - key: {{ . }}
        path: {{ . }}
      {{- end }}
{{- end }}

{{- define "user-svc.volumeMounts" -}}
- name: keys
  mountPath: /etc/streamgate
  readOnly: true
{{- end }}

{{/* A test compares these with the service's run.yaml. */}}
{{- define "user-svc.paths" -}}
- path: /users
- path: /auth
- path: /password-resets
- path: /.well-known/jwks.json
- path: /docs/user-svc
{{- end }}

{{/* session-svc reads the public keys, and passes plans on. */}}
{{- define "user-svc.callers" -}}
- {name: session-svc, port: 8080}
- {name: session-svc, port: 8081}
{{- end }}

{{- define "user-svc.callees" -}}
- {name: session-svc, port: 8081}
{{- end }}

{{- define "user-svc.secretKeys" -}}
signing-key.pem: ed25519
admin-password: password
{{- end }}

{{- define "user-svc.requiredSecrets" -}}
- name: {{ .Values.mongodb.existingSecret }}
  key: {{ .Values.mongodb.key }}
  example: mongodb://user:password@host:27017/?replicaSet=rs0
- {name: {{ include "streamgate.ownSecret" . }}, key: {{ first .Values.token.keys }}, generated: {{ empty .Values.secrets.existingSecret }}, example: … }
{{- end }}

{{- define "user-svc.alerts" -}}
[]
{{- end }}
