{{/*
Every template gets the chart's own name as .Service, since an alias in an umbrella chart changes .Chart.Name.

The name of a release's objects: fullnameOverride, or the release's own name if it contains the service's, or both together.
*/}}
{{- define "streamgate.fullname" -}}
{{- include "streamgate.nameOf" (list . .Service) -}}
{{- end }}

{{/*
The name that a service of the same installation has. list: root, service. What differs between the services is their own name in it:
beside video-user-svc there is video-session-svc. An alias is part of the names if it contains the service's name. 52: the longest name that leaves room for "-internal" and the like within 63.
*/}}
{{- define "streamgate.nameOf" -}}
{{- $root := index . 0 }}{{ $service := index . 1 }}{{ $own := $root.Service -}}
{{- $release := include "streamgate.dnsLabel" $root.Release.Name -}}
{{- if $root.Values.fullnameOverride -}}
{{- $name := $root.Values.fullnameOverride -}}
{{- if or (eq $service $own) (contains $own $name) }}{{ replace $own $service $name }}{{ else }}{{ $service }}{{ end -}}
{{- else if and $root.Chart.IsRoot (contains $own $release) -}}
{{- replace $own $service $release | trunc 52 | trimSuffix "-" -}}
{{- else -}}
{{- $noun := $service -}}
{{- if contains $own $root.Chart.Name }}{{ $noun = replace $own $service $root.Chart.Name | include "streamgate.dnsLabel" }}{{ end -}}
{{- if contains $noun $release -}}
{{- $release | trunc 52 | trimSuffix "-" -}}
{{- else -}}
{{- printf "%s-%s" ($release | trunc (int (max 1 (sub 51 (len $noun)))) | trimSuffix "-") $noun | trunc 52 | trimSuffix "-" -}}
{{- end -}}
{{- end -}}
{{- end }}

{{/* A text as the names of Services have it: no dots, and a letter first. */}}
{{- define "streamgate.dnsLabel" -}}
{{- $label := regexReplaceAll "[^a-z0-9]+" (lower .) "-" | trimAll "-" -}}
{{- regexReplaceAll "^[0-9]" $label "r${0}" -}}
{{- end }}

{{/* A text as values of labels have it. */}}
{{- define "streamgate.labelValue" -}}
{{- regexReplaceAll "[^A-Za-z0-9_.-]" . "_" | trunc 63 | trimAll "_.-" -}}
{{- end }}

{{/* The labels of the selectors. They must never change: a Deployment's selector is immutable. */}}
{{- define "streamgate.selector" -}}
app.kubernetes.io/name: {{ .Service }}
app.kubernetes.io/instance: {{ eq .Chart.Name .Service | ternary .Release.Name (printf "%s-%s" .Release.Name .Chart.Name) | include "streamgate.labelValue" | quote }}
{{- end }}

{{/* The labels of a pod, without the chart's version, which alone is no reason to replace every pod. */}}
{{- define "streamgate.podLabels" -}}
{{ include "streamgate.selector" . }}
app.kubernetes.io/part-of: streamgate
app.kubernetes.io/version: {{ include "streamgate.labelValue" .Chart.AppVersion | quote }}
{{- end }}

{{- define "streamgate.labels" -}}
{{ include "streamgate.podLabels" . }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .Service .Chart.Version | include "streamgate.labelValue" | quote }}
{{- end }}

{{/* metadata of a resource. dict: root; suffix, labels, annotations: optional. */}}
{{- define "streamgate.metadata" -}}
name: {{ include "streamgate.fullname" .root }}{{ with .suffix }}-{{ . }}{{ end }}
namespace: {{ .root.Release.Namespace | quote }}
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
{{- if .image.digest }}@{{ .image.digest }}{{ else }}:{{ default (include "streamgate.labelValue" .tag) .image.tag }}{{ end -}}
{{- end }}
