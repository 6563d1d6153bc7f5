{{/*
Only what is listed is allowed. A service's peers are in its chart: "<chart>.callers" and "<chart>.callees", each with a
service's name and a port of the listener that is called.
*/}}
{{- define "streamgate.networkpolicy" -}}
{{- if .Values.networkPolicy.enabled -}}
{{- $network := .Values.networkPolicy -}}
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata:
  {{- include "streamgate.metadata" (dict "root" .) | nindent 2 }}
spec:
  podSelector:
    matchLabels:
      {{- include "streamgate.selector" . | nindent 6 }}
  policyTypes: [Ingress, Egress]
  ingress:
    # The public listener: the ingress controller, and the pods of helm test.
    - from:
        {{- toYaml $network.ingressFrom | nindent 8 }}
        - podSelector:
            matchLabels:
              app.kubernetes.io/part-of: streamgate
              app.kubernetes.io/component: test
      ports:
        - port: 8080
    # Metrics. The kubelet's probes need no rule.
    - from:
        {{- toYaml $network.monitoringFrom | nindent 8 }}
      ports:
        - port: 9090
    {{- range include (printf "%s.callers" .Service) . | fromYamlArray }}
    - from:
        - podSelector:
            matchLabels:
              app.kubernetes.io/name: {{ .name }}
              app.kubernetes.io/part-of: streamgate
      ports:
        - port: {{ .port }}
    {{- end }}
  egress:
    - to:
        {{- toYaml $network.dnsTo | nindent 8 }}
      ports:
        - port: 53
          protocol: UDP
        - port: 53
          protocol: TCP
    {{- range include (printf "%s.callees" .Service) . | fromYamlArray }}
    - to:
        - podSelector:
            matchLabels:
              app.kubernetes.io/name: {{ .name }}
              app.kubernetes.io/part-of: streamgate
      ports:
        - port: {{ .port }}
    {{- end }}
    # The database.
    - to:
        {{- toYaml $network.databaseTo | nindent 8 }}
      ports:
        - port: {{ $network.databasePort }}
    {{- with .Values.traces.endpoint }}
    {{- $url := urlParse . }}
    # The collector of traces.
    - to:
        {{- toYaml $network.tracesTo | nindent 8 }}
      ports:
        - port: {{ regexFind ":[0-9]+$" $url.host | trimPrefix ":" | default (ternary 443 80 (eq $url.scheme "https")) }}
    {{- end }}
    {{- with $network.extraEgress }}
    {{- toYaml . | nindent 4 }}
    {{- end }}
{{- end -}}
{{- end }}
