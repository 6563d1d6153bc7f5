{{- define "streamgate.sharedSecret" -}}
{{- default "streamgate-shared" .Values.secrets.shared.existingSecret -}}
{{- end }}

{{- define "streamgate.ownSecret" -}}
{{- default (include "streamgate.fullname" .) .Values.secrets.existingSecret -}}
{{- end }}

{{/*
The secrets that are generated where they are missing: the one that the services share, by whichever chart comes first, and the
service's own, "<chart>.secretKeys".
*/}}
{{- define "streamgate.secrets" -}}
{{- if not .Values.secrets.shared.existingSecret -}}
{{- include "streamgate.secret" (dict "root" . "name" (include "streamgate.sharedSecret" .) "keys" (dict "internal-secrets" "password" "grant-keys" "bytes")) }}
{{- end }}
{{- $own := include (printf "%s.secretKeys" .Chart.Name) . | fromYaml }}
{{- if and $own (not .Values.secrets.existingSecret) }}
---
{{ include "streamgate.secret" (dict "root" . "name" (include "streamgate.ownSecret" .) "keys" $own) }}
{{- end -}}
{{- end }}

{{/*
One secret, generated once. dict: root, name, keys (key: password, bytes or ed25519).

A hook, since Helm forgets hooks: no upgrade, rollback or uninstall of any of the three releases changes or deletes it.

"helm template" has no cluster to ask, so a generated secret would be new each time, and shown: it prints the command instead. It
is known by a lookup that finds nothing: in a cluster it finds a list, even an empty one, even in a namespace that is about to be
made. The lookup asks for service accounts, since a user who may install the chart may create one.
*/}}
{{- define "streamgate.secret" -}}
{{- $namespace := .root.Release.Namespace -}}
{{- if not (lookup "v1" "ServiceAccount" $namespace "") -}}
# Secret {{ .name }}: helm install generates it where it is missing, helm template does not. To make it by hand:
#
#   kubectl create secret generic {{ .name }} --namespace {{ $namespace }}
{{- range $key, $kind := .keys }} \
#     {{ include "streamgate.byHand" (list $key $kind) }}
{{- end }}
{{- else if not (lookup "v1" "Secret" $namespace .name) -}}
apiVersion: v1
kind: Secret
metadata:
  name: {{ .name }}
  namespace: {{ $namespace }}
  labels:
    app.kubernetes.io/part-of: streamgate
  annotations:
    helm.sh/hook: pre-install,pre-upgrade
    helm.sh/resource-policy: keep
type: Opaque
data:
  {{- range $key, $kind := .keys }}
  {{ $key }}: {{ include "streamgate.random" $kind | b64enc }}
  {{- end }}
{{- end -}}
{{- end }}

{{- define "streamgate.random" -}}
{{- if eq . "ed25519" }}{{ genPrivateKey "ed25519" }}{{ else if eq . "bytes" }}{{ randBytes 32 }}{{ else }}{{ randAlphaNum 32 }}{{ end -}}
{{- end }}

{{- define "streamgate.byHand" -}}
{{- $key := index . 0 -}}
{{- if eq (index . 1) "ed25519" -}} --from-file={{ $key }}=<(openssl genpkey -algorithm ed25519)
{{- else if eq (index . 1) "bytes" -}} --from-literal={{ $key }}="$(openssl rand -base64 32)"
{{- else -}} --from-literal={{ $key }}="$(openssl rand -hex 16)"
{{- end -}}
{{- end }}
