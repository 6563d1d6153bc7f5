{{/* The next steps, and what is missing. */}}
{{- define "streamgate.notes" -}}
{{- $name := include "streamgate.fullname" . -}}
{{- $namespace := .Release.Namespace -}}
{{ .Service }} {{ .Chart.AppVersion }} is being rolled out. Watch it become ready:

  kubectl -n {{ $namespace }} rollout status deployment/{{ $name }}

{{ if .Values.ingressRoute.enabled -}}
Then ask it through the ingress:

  curl -i http{{ if .Values.ingressRoute.tlsSecret }}s{{ end }}://{{ first (default (list "127.0.0.1") .Values.ingressRoute.hosts) }}/docs/{{ .Service }}
{{- else if .Values.ingress.enabled -}}
Then ask it through the ingress:

  curl -i http{{ if .Values.ingress.tls }}s{{ end }}://{{ first (default (list "127.0.0.1") .Values.ingress.hosts) }}/docs/{{ .Service }}
{{- else if .Values.gateway.enabled -}}
Then ask it through the gateway:

  curl -i http://{{ first (default (list "127.0.0.1") .Values.gateway.hostnames) }}/docs/{{ .Service }}
{{- else -}}
Then ask it, without an ingress:

  kubectl -n {{ $namespace }} port-forward service/{{ $name }} 8080 &
  curl -i http://127.0.0.1:8080/docs/{{ .Service }}
{{- end }}

With all three services there:

  helm test -n {{ $namespace }} {{ .Release.Name }} --logs
{{- if .Values.autoscaling.enabled }}

The autoscaler needs pods' http_requests_per_second from the custom metrics API; <unknown> here means that it doesn't get it:

  kubectl -n {{ $namespace }} get hpa {{ $name }}
{{- if not (.Capabilities.APIVersions.Has "custom.metrics.k8s.io/v1beta1") }}

NOTE: the custom metrics API doesn't answer now. If it is only starting, there is nothing to do; if there is none, install one, such as
prometheus-adapter. Until it answers, pods are added by CPU alone, and none are taken away.
{{- end }}
{{- end }}
{{- if and .Values.gateway.enabled (not .Values.gateway.hostnames) }}

WARNING: gateway.hostnames is empty, so the route is for every host of its listeners. Where these have other sites too, name the hosts: not every
gateway (Traefik's goes by the length of the path) prefers another route because it has a host of its own.
{{- end }}
{{- if and (or .Values.ingressRoute.enabled .Values.ingress.enabled .Values.gateway.enabled) (not .Values.trustedProxies) }}

WARNING: trustedProxies is empty, so that all clients have the address of the ingress controller and share its limits of attempts. Give it the
addresses of the controller's pods, which are those of the cluster's nodes if it uses their network:

  kubectl get pods -A -o wide
{{- end }}
{{- if include "streamgate.cluster" . }}
{{- $known := list }}
{{- range concat (include (printf "%s.callees" .Service) . | fromYamlArray) (include (printf "%s.callers" .Service) . | fromYamlArray) }}
{{- $peer := include "streamgate.nameOf" (list $ .name) }}
{{- if and (not (has $peer $known)) (not (index $.Values (include "streamgate.peerValue" .name))) (not (lookup "v1" "Service" $namespace (printf "%s-internal" $peer))) }}

NOTE: {{ .name }} isn't there yet: {{ $.Service }} will look for it at {{ $peer }}. If it gets another name, set {{ include "streamgate.peerValue" .name }}.
{{- end }}
{{- $known = append $known $peer }}
{{- end }}
{{- range include (printf "%s.requiredSecrets" .Service) . | fromYamlArray }}
{{- $secret := lookup "v1" "Secret" $namespace .name }}
{{- if and (not $secret) (not .generated) }}

WARNING: the secret {{ .name }} is missing, and no pod starts without it (CreateContainerConfigError). Make it:

  kubectl -n {{ $namespace }} create secret generic {{ .name }} --from-literal={{ .key }}='{{ .example }}'
{{- else if and $secret (not (hasKey (default dict $secret.data) .key)) }}

WARNING: the secret {{ .name }} has no key {{ .key }}, and no pod starts without it (CreateContainerConfigError).
{{- end }}
{{- end }}
{{- $shared := default dict (lookup "v1" "Secret" $namespace (include "streamgate.sharedSecret" .)) }}
{{- $older := hasKey (default dict $shared.data) "internal-secrets" }}
{{- $missing := list }}
{{- range include "streamgate.pairs" . | fromYamlArray }}
{{- if and $.Values.secrets.shared.existingSecret (not (hasKey (default dict $shared.data) .key)) }}{{ $missing = append $missing .key }}{{ end }}
{{- end }}
{{- if $missing }}

WARNING: the secret {{ include "streamgate.sharedSecret" . }} has no key {{ join ", " $missing }}: {{ if $older }}internal-secrets is used instead, which opens every internal route{{ else }}no pod runs without them (CrashLoopBackOff){{ end }}. Add
{{ range $missing }}
  kubectl -n {{ $namespace }} patch secret {{ include "streamgate.sharedSecret" $ }} -p '{"stringData": {"{{ . }}": "'$(openssl rand -hex 16)'"}}'
{{- end }}
{{- else if $older }}

NOTE: each pair of services has its own secret now, but internal-secrets of before still opens every internal route. Once all three services
are upgraded, remove it (after that, none can be rolled back to before):

  kubectl -n {{ $namespace }} patch secret {{ include "streamgate.sharedSecret" . }} --type json -p '[{"op": "remove", "path": "/data/internal-secrets"}]'
  kubectl -n {{ $namespace }} rollout restart deployment -l app.kubernetes.io/part-of=streamgate
{{- end }}
{{- end }}
{{- end }}

{{/* The value that says where another service is: sessionSvc for session-svc. */}}
{{- define "streamgate.peerValue" -}}
{{- camelcase (replace "-" "_" .) | untitle -}}
{{- end }}

{{/* The address of another service, as the value says or by its name. list: root, service, suffix of its Service and port, value. */}}
{{- define "streamgate.peerURL" -}}
{{- $root := index . 0 -}}
{{- default (printf "http://%s%s" (include "streamgate.nameOf" (list $root (index . 1))) (index . 2)) (index . 3) -}}
{{- end }}
