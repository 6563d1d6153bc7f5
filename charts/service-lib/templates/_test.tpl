{{/*
The pod of helm test: a script in plain sh that asks with curl. list: root, script. It signs a new account up and in, and deletes it at
the end. Its label lets it through the network policies.

Helm deletes it after the test, with its logs printed before; Helm 3 would delete it before. "helm template" doesn't print it, since kubectl
apply would start it.
*/}}
{{- define "streamgate.test" -}}
{{- $root := index . 0 -}}
{{- if include "streamgate.cluster" $root -}}
apiVersion: v1
kind: Pod
metadata:
  name: {{ include "streamgate.fullname" $root }}-test
  namespace: {{ $root.Release.Namespace | quote }}
  labels:
    app.kubernetes.io/part-of: streamgate
    app.kubernetes.io/component: test
  annotations:
    helm.sh/hook: test
    helm.sh/hook-delete-policy: before-hook-creation{{ if semverCompare ">=4.0.0-0" $root.Capabilities.HelmVersion.Version }},hook-succeeded,hook-failed{{ end }}
spec:
  restartPolicy: Never
  automountServiceAccountToken: false
  enableServiceLinks: false
  activeDeadlineSeconds: 120
  {{- with $root.Values.imagePullSecrets }}
  imagePullSecrets:
    {{- toYaml . | nindent 4 }}
  {{- end }}
  securityContext:
    {{- include "streamgate.podSecurity" $root | nindent 4 }}
  containers:
    - name: test
      image: {{ include "streamgate.image" (dict "image" $root.Values.tests.image "tag" "latest") }}
      imagePullPolicy: {{ $root.Values.tests.image.pullPolicy }}
      securityContext:
        {{- include "streamgate.containerSecurity" $root | nindent 8 }}
      resources:
        requests: {cpu: 10m, memory: 16Mi}
        limits: {memory: 64Mi}
      volumeMounts:
        - {name: tmp, mountPath: /tmp}
      command: [sh, -euc]
      args:
        - |
          {{- include "streamgate.testsetup" . | nindent 10 }}
          {{- index . 1 | nindent 10 }}
  volumes:
    - name: tmp
      emptyDir: {}
{{- end }}
{{- end }}

{{- define "streamgate.testsetup" -}}
# ask STATUS WHAT curl-arguments...: the answer's body is in /tmp/body. A service that is just starting is asked again.
ask() {
  want=$1 what=$2
  shift 2
  got=$(curl -sS --retry 5 --retry-connrefused --max-time 10 -o /tmp/body -w '%{http_code}' "$@") || true
  if [ "$got" = "$want" ]; then
    echo "ok    $what: $got"
  else
    echo "FAIL  $what: $got instead of $want"
    cat /tmp/body
    exit 1
  fi
}
# field NAME: the first such text in the answer.
field() { sed "s/\"$1\":\"/\n/" /tmp/body | sed -n '2s/".*//p'; }
email="$HOSTNAME-$(date +%s)@example.com"
password=a-slot-is-a-screen
{{- end }}
