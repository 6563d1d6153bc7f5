{{- define "streamgate.services" -}}
apiVersion: v1
kind: Service
metadata:
  {{- include "streamgate.metadata" (dict "root" . "annotations" .Values.service.annotations) | nindent 2 }}
spec:
  selector:
    {{- include "streamgate.selector" . | nindent 4 }}
  ports:
    - name: http
      port: 8080
      targetPort: public
      appProtocol: http
---
# Only for the other services; no Ingress leads here.
apiVersion: v1
kind: Service
metadata:
  {{- include "streamgate.metadata" (dict "root" . "suffix" "internal") | nindent 2 }}
spec:
  selector:
    {{- include "streamgate.selector" . | nindent 4 }}
  ports:
    - name: internal
      port: 8081
      targetPort: internal
      appProtocol: http
{{- if .Values.serviceMonitor.enabled }}
---
apiVersion: v1
kind: Service
metadata:
  {{- include "streamgate.metadata" (dict "root" . "suffix" "metrics" "labels" (dict "app.kubernetes.io/component" "metrics")) | nindent 2 }}
spec:
  clusterIP: None
  publishNotReadyAddresses: true # a pod that waits for its database has metrics too
  selector:
    {{- include "streamgate.selector" . | nindent 4 }}
  ports:
    - name: metrics
      port: 9090
      targetPort: operations
{{- end }}
{{- end }}

{{- define "streamgate.ingress" -}}
{{- if .Values.ingress.enabled -}}
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata:
  {{- /* Traefik prefers the longer rule; without a host, this one must not take what another Ingress has a host for. Others go by the host first. */}}
  {{- $below := dict "traefik.ingress.kubernetes.io/router.priority" "2" }}
  {{- include "streamgate.metadata" (dict "root" . "annotations" (merge dict .Values.ingress.annotations (ternary dict $below (not (empty .Values.ingress.hosts))))) | nindent 2 }}
spec:
  {{- with .Values.ingress.className }}
  ingressClassName: {{ . }}
  {{- end }}
  {{- with .Values.ingress.tls }}
  tls:
    {{- toYaml . | nindent 4 }}
  {{- end }}
  rules:
    {{- range default (list "") .Values.ingress.hosts }}
    - {{ with . }}host: {{ . | quote }}
      {{ end }}http:
        paths:
          {{- range include (printf "%s.paths" $.Service) $ | fromYamlArray }}
          - path: {{ .path }}
            pathType: {{ ternary "Exact" "Prefix" (default false .exact) }}
            backend:
              service:
                name: {{ include "streamgate.fullname" $ }}
                port:
                  name: http
          {{- end }}
    {{- end }}
{{- end -}}
{{- end }}

{{- define "streamgate.httproute" -}}
{{- if .Values.gateway.enabled -}}
{{- if not .Values.gateway.parentRefs }}{{ fail "gateway.parentRefs: empty; name the Gateway that the route belongs to, such as [{name: public, namespace: infra}]" }}{{ end -}}
apiVersion: gateway.networking.k8s.io/v1
kind: HTTPRoute
metadata:
  {{- include "streamgate.metadata" (dict "root" . "annotations" .Values.gateway.annotations) | nindent 2 }}
spec:
  parentRefs:
    {{- toYaml .Values.gateway.parentRefs | nindent 4 }}
  {{- with .Values.gateway.hostnames }}
  hostnames:
    {{- toYaml . | nindent 4 }}
  {{- end }}
  rules:
    - matches:
        {{- range include (printf "%s.paths" .Service) . | fromYamlArray }}
        - path:
            type: {{ ternary "Exact" "PathPrefix" (default false .exact) }}
            value: {{ .path }}
        {{- end }}
      backendRefs:
        - name: {{ include "streamgate.fullname" . }}
          port: 8080
{{- end -}}
{{- end }}

{{/*
Traefik's own object. Only here can the strategy be chosen: of two random pods, the request goes to the one with fewer under way.
All paths are one rule, since Traefik counts what is under way separately for each rule. A prefix ends where a segment ends, as in an Ingress.

Traefik prefers the longer rule, and this one is long: without a host it would take requests for hosts that other routes name. The lowest
priority that is above the usual 1 of a route for everything else leaves them to those.

Helm makes the Middleware after the IngressRoute, and a route whose middleware isn't there answers 404. So an upgrade that brings the
Middleware doesn't use it yet, but the next one does; and a rollback of that upgrade keeps it, since Traefik may see its end first.
*/}}
{{- define "streamgate.ingressroute" -}}
{{- if .Values.ingressRoute.enabled -}}
{{- $paths := list -}}
{{- range include (printf "%s.paths" .Service) . | fromYamlArray -}}
{{- $paths = append $paths (printf "Path(`%s`)" .path) -}}
{{- if not .exact }}{{ $paths = append $paths (printf "PathPrefix(`%s/`)" .path) }}{{ end -}}
{{- end -}}
{{- $match := join " || " $paths -}}
{{- $retry := printf "%s-retry" (include "streamgate.fullname" .) -}}
{{- $new := and .Release.IsUpgrade (include "streamgate.cluster" .) (not (lookup "traefik.io/v1alpha1" "Middleware" .Release.Namespace $retry)) -}}
{{- with .Values.ingressRoute.hosts -}}
{{- $hosts := list -}}
{{- range . }}{{ $hosts = append $hosts (printf "Host(`%s`)" .) }}{{ end -}}
{{- $match = printf "(%s) && (%s)" (join " || " $hosts) $match -}}
{{- end -}}
apiVersion: traefik.io/v1alpha1
kind: IngressRoute
metadata:
  {{- include "streamgate.metadata" (dict "root" . "annotations" .Values.ingressRoute.annotations) | nindent 2 }}
spec:
  {{- with .Values.ingressRoute.entryPoints }}
  entryPoints:
    {{- toYaml . | nindent 4 }}
  {{- end }}
  {{- with .Values.ingressRoute.tlsSecret }}
  tls:
    secretName: {{ . }}
  {{- end }}
  routes:
    - kind: Rule
      match: {{ $match | quote }}
      {{- with .Values.ingressRoute.priority | default (ternary 0 2 (not (empty .Values.ingressRoute.hosts))) }}
      priority: {{ . }}
      {{- end }}
      {{- if not $new }}
      middlewares:
        - name: {{ $retry }}
      {{- end }}
      services:
        - name: {{ include "streamgate.fullname" . }}
          port: http
          strategy: p2c
---
# A request that reached no pod, since that one is gone, goes to another one. One that a pod may have begun is not repeated. Of two pods Traefik
# takes the dead one as long as the other has requests under way, since the dead one has none; so it tries for three seconds, with pauses of 0.1
# to 0.2 s, until the endpoints lose the dead pod or its process is back.
apiVersion: traefik.io/v1alpha1
kind: Middleware
metadata:
  {{- $annotations := merge (ternary (dict "helm.sh/resource-policy" "keep") dict (not (empty $new))) .Values.ingressRoute.annotations }}
  {{- include "streamgate.metadata" (dict "root" . "suffix" "retry" "annotations" $annotations) | nindent 2 }}
spec:
  retry:
    attempts: 20
    initialInterval: 100ms
{{- end -}}
{{- end }}
