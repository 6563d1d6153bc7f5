{{- define "streamgate.sharedSecret" -}}
{{- default "streamgate-shared" .Values.secrets.shared.existingSecret -}}
{{- end }}

{{- define "streamgate.ownSecret" -}}
{{- default (include "streamgate.fullname" .) .Values.secrets.existingSecret -}}
{{- end }}

{{/*
A service has a secret with each that it calls, and with each that calls it, on the internal listener. Of each pair: the variable that holds
it, the secret's name, and the key in it.
*/}}
{{- define "streamgate.pairs" -}}
{{- $own := .Service }}{{ $shared := .Values.secrets.shared.existingSecret }}{{ $pairs := list -}}
{{- range include (printf "%s.callees" $own) . | fromYamlArray -}}
{{- if eq (int .port) 8081 }}{{ $pairs = append $pairs (list "TO" .name (printf "%s-to-%s" $own .name)) }}{{ end -}}
{{- end -}}
{{- range include (printf "%s.callers" $own) . | fromYamlArray -}}
{{- if eq (int .port) 8081 }}{{ $pairs = append $pairs (list "FROM" .name (printf "%s-to-%s" .name $own)) }}{{ end -}}
{{- end -}}
{{- range $pairs }}
- variable: SECRETS_{{ index . 0 }}_{{ index . 1 | upper | replace "-" "_" }}
  secret: {{ default (printf "streamgate-%s" (index . 2)) $shared }}
  key: {{ index . 2 }}
{{- end }}
{{- end }}

{{/*
The secrets that are generated where they are missing, by whichever chart comes first: the keys that the services share, those of this
service's pairs, and the service's own, "<chart>.secretKeys".
*/}}
{{- define "streamgate.secrets" -}}
{{- if not .Values.secrets.shared.existingSecret -}}
{{- include "streamgate.secret" (dict "root" . "name" (include "streamgate.sharedSecret" .) "keys" (dict "grant-keys" "bytes")) }}
{{- range include "streamgate.pairs" . | fromYamlArray }}
---
{{ include "streamgate.secret" (dict "root" $ "name" .secret "keys" (dict .key "password")) }}
{{- end }}
{{- end }}
{{- $own := include (printf "%s.secretKeys" .Service) . | fromYaml }}
{{- if and $own (not .Values.secrets.existingSecret) }}
---
{{ include "streamgate.secret" (dict "root" . "name" (include "streamgate.ownSecret" .) "keys" $own) }}
{{- end -}}
{{- end }}

{{/*
One secret, generated once. dict: root, name, keys (key: password, bytes or ed25519).

A hook, since Helm forgets hooks: no upgrade, rollback or uninstall of any of the three releases changes or deletes it.

"helm template" has no cluster to ask, so a generated secret would be new each time, and shown: it prints the command instead.
*/}}
{{- define "streamgate.secret" -}}
{{- $namespace := .root.Release.Namespace -}}
{{- if not (include "streamgate.cluster" .root) -}}
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
  namespace: {{ $namespace | quote }}
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

{{/*
"true" if there is a cluster to ask. "helm template" has none; it is known by a lookup that finds nothing: in a cluster it finds a list, even
an empty one, even in a namespace that is about to be made. The lookup asks for service accounts, since a user who may install the chart may
create one.
*/}}
{{- define "streamgate.cluster" -}}
{{- if lookup "v1" "ServiceAccount" .Release.Namespace "" }}true{{ end -}}
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
