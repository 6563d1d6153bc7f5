{{/* The name of a release's objects: the release's own, if it contains the chart's name. */}}
{{- define "streamgate.fullname" -}}
{{- $name := .Release.Name -}}
{{- if not (contains .Chart.Name $name) -}}
{{- $name = printf "%s-%s" $name .Chart.Name -}}
{{- end -}}
{{- default $name .Values.fullnameOverride | trunc 52 | trimSuffix "-" -}}{{/* 52: room for "-internal" and the like within 63 */}}
{{- end }}

{{/* The labels of the selectors. They must never change: a Deployment's selector is immutable. */}}
{{- define "streamgate.selector" -}}
app.kubernetes.io/name: {{ .Chart.Name }}
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end }}

{{/* The labels of a pod, without the chart's version, which alone is no reason to replace every pod. */}}
{{- define "streamgate.podLabels" -}}
{{ include "streamgate.selector" . }}
app.kubernetes.io/part-of: streamgate
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
{{- end }}

{{- define "streamgate.labels" -}}
{{ include "streamgate.podLabels" . }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version | replace "+" "_" | trunc 63 | trimSuffix "-" }}
{{- end }}

{{/* metadata of a resource. dict: root; suffix, labels, annotations: optional. */}}
{{- define "streamgate.metadata" -}}
name: {{ include "streamgate.fullname" .root }}{{ with .suffix }}-{{ . }}{{ end }}
namespace: {{ .root.Release.Namespace }}
labels:
  {{- include "streamgate.labels" .root | nindent 2 }}
  {{- with .labels }}
  {{- toYaml . | nindent 2 }}
  {{- end }}
{{- with .annotations }}
annotations:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- end }}

{{/* An image's name: a digest, which says exactly what is meant, wins over a tag. dict: image, tag (the default). */}}
{{- define "streamgate.image" -}}
{{- with .image.registry }}{{ . }}/{{ end }}{{ .image.repository -}}
{{- if .image.digest }}@{{ .image.digest }}{{ else }}:{{ default .tag .image.tag }}{{ end -}}
{{- end }}
