{{/* The next steps, and what is missing. */}}
{{- define "streamgate.notes" -}}
{{- $name := include "streamgate.fullname" . -}}
{{- $namespace := .Release.Namespace -}}
{{ .Chart.Name }} {{ .Chart.AppVersion }} is being rolled out. Watch it become ready:

  kubectl -n {{ $namespace }} rollout status deployment/{{ $name }}

{{ if .Values.ingressRoute.enabled -}}
Then ask it through the ingress:

  curl -i http{{ if .Values.ingressRoute.tlsSecret }}s{{ end }}://{{ first (default (list "127.0.0.1") .Values.ingressRoute.hosts) }}/docs/{{ .Chart.Name }}
{{- else if .Values.ingress.enabled -}}
Then ask it through the ingress:

  curl -i http{{ if .Values.ingress.tls }}s{{ end }}://{{ first (default (list "127.0.0.1") .Values.ingress.hosts) }}/docs/{{ .Chart.Name }}
{{- else if .Values.gateway.enabled -}}
Then ask it through the gateway:

  curl -i http://{{ first (default (list "127.0.0.1") .Values.gateway.hostnames) }}/docs/{{ .Chart.Name }}
{{- else -}}
Then ask it, without an ingress:

  kubectl -n {{ $namespace }} port-forward service/{{ $name }} 8080 &
  curl -i http://127.0.0.1:8080/docs/{{ .Chart.Name }}
{{- end }}

With all three services there:

  helm test -n {{ $namespace }} {{ .Release.Name }} --logs
{{- if .Values.autoscaling.enabled }}

The autoscaler needs pods' http_requests_per_second from the custom metrics API; <unknown> here means that it doesn't get it:

  kubectl -n {{ $namespace }} get hpa {{ $name }}
{{- if not (.Capabilities.APIVersions.Has "custom.metrics.k8s.io/v1beta1") }}

WARNING: this cluster has no custom metrics API now. Until there is one (such as prometheus-adapter), only CPU counts.
{{- end }}
{{- end }}
{{- if and (or .Values.ingressRoute.enabled .Values.ingress.enabled .Values.gateway.enabled) (not .Values.trustedProxies) }}

WARNING: trustedProxies is empty, so that all clients have the address of the ingress controller and share its limits of attempts. Give it the
addresses of the controller's pods, which are those of the cluster's nodes if it uses their network:

  kubectl get pods -A -o wide
{{- end }}
{{- $cluster := lookup "v1" "ServiceAccount" $namespace "" }}
{{- range include (printf "%s.requiredSecrets" .Chart.Name) . | fromYamlArray }}
{{- $secret := lookup "v1" "Secret" $namespace .name }}
{{- if and $cluster (not $secret) (not .generated) }}

WARNING: the secret {{ .name }} is missing, and no pod starts without it (CreateContainerConfigError). Make it:

  kubectl -n {{ $namespace }} create secret generic {{ .name }} --from-literal={{ .key }}='{{ .example }}'
{{- else if and $secret (not (hasKey (default dict $secret.data) .key)) }}

WARNING: the secret {{ .name }} has no key {{ .key }}, and no pod starts without it (CreateContainerConfigError).
{{- end }}
{{- end }}
{{- end }}
