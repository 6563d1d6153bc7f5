{{- define "streamgate.deployment" -}}
apiVersion: apps/v1
kind: Deployment
metadata:
  {{- include "streamgate.metadata" (dict "root" .) | nindent 2 }}
spec:
  {{- if not (include "streamgate.scaled" .) }}
  replicas: {{ .Values.replicas }}
  {{- end }}
  revisionHistoryLimit: 3
  selector:
    matchLabels:
      {{- include "streamgate.selector" . | nindent 6 }}
  strategy:
    type: RollingUpdate
    rollingUpdate:
      maxUnavailable: 0
      maxSurge: 1
  template:
    metadata:
      labels:
        {{- include "streamgate.podLabels" . | nindent 8 }}
        {{- with .Values.podLabels }}
        {{- toYaml . | nindent 8 }}
        {{- end }}
      {{- with .Values.podAnnotations }}
      annotations:
        {{- toYaml . | nindent 8 }}
      {{- end }}
    spec:
      serviceAccountName: {{ include "streamgate.fullname" . }}
      automountServiceAccountToken: false
      enableServiceLinks: false
      {{- with .Values.imagePullSecrets }}
      imagePullSecrets:
        {{- toYaml . | nindent 8 }}
      {{- end }}
      securityContext:
        {{- include "streamgate.podSecurity" . | nindent 8 }}
      terminationGracePeriodSeconds: {{ include "streamgate.gracePeriod" . }}
      {{- with .Values.priorityClassName }}
      priorityClassName: {{ . }}
      {{- end }}
      {{- with .Values.nodeSelector }}
      nodeSelector:
        {{- toYaml . | nindent 8 }}
      {{- end }}
      {{- with .Values.affinity }}
      affinity:
        {{- toYaml . | nindent 8 }}
      {{- end }}
      {{- with .Values.tolerations }}
      tolerations:
        {{- toYaml . | nindent 8 }}
      {{- end }}
      {{- with .Values.topologyKeys }}
      # matchLabelKeys: the pods of a new version are spread among themselves, whatever is left of the old one.
      topologySpreadConstraints:
        {{- range . }}
        - topologyKey: {{ . }}
          maxSkew: 1
          whenUnsatisfiable: ScheduleAnyway
          labelSelector:
            matchLabels:
              {{- include "streamgate.selector" $ | nindent 14 }}
          matchLabelKeys: [pod-template-hash]
        {{- end }}
      {{- end }}
      containers:
        - name: {{ .Service }}
          image: {{ include "streamgate.image" (dict "image" .Values.image "tag" .Chart.AppVersion) }}
          imagePullPolicy: {{ .Values.image.pullPolicy }}
          securityContext:
            {{- include "streamgate.containerSecurity" . | nindent 12 }}
          ports:
            - name: public
              containerPort: 8080
            - name: internal
              containerPort: 8081
            - name: operations
              containerPort: 9090
          # GOMAXPROCS is not set: Go reads the CPU limit itself.
          env:
            {{- include "streamgate.commonEnv" . | nindent 12 }}
            {{- include (printf "%s.env" .Service) . | nindent 12 }}
            {{- with .Values.extraEnv }}
            {{- toYaml . | nindent 12 }}
            {{- end }}
          {{- with .Values.extraEnvFrom }}
          envFrom:
            {{- toYaml . | nindent 12 }}
          {{- end }}
          # Alive as soon as it listens; ready once its store has answered. So no pod restarts because its store is away.
          startupProbe:
            httpGet:
              path: /livez
              port: operations
            periodSeconds: 1
            failureThreshold: 60
          livenessProbe:
            httpGet:
              path: /livez
              port: operations
            periodSeconds: 10
            timeoutSeconds: 5
            failureThreshold: 3
          readinessProbe:
            httpGet:
              path: /readyz
              port: operations
            periodSeconds: 2
            timeoutSeconds: 2
            failureThreshold: 2
          lifecycle:
            preStop:
              sleep:
                seconds: {{ .Values.shutdown.preStopSeconds }}
          resources:
            {{- toYaml .Values.resources | nindent 12 }}
          {{- with concat (include (printf "%s.volumeMounts" .Service) . | fromYamlArray) .Values.extraVolumeMounts }}
          volumeMounts:
            {{- toYaml . | nindent 12 }}
          {{- end }}
      {{- with concat (include (printf "%s.volumes" .Service) . | fromYamlArray) .Values.extraVolumes }}
      volumes:
        {{- toYaml . | nindent 8 }}
      {{- end }}
{{- end }}

{{- define "streamgate.serviceaccount" -}}
apiVersion: v1
kind: ServiceAccount
metadata:
  {{- include "streamgate.metadata" (dict "root" . "annotations" .Values.serviceAccount.annotations) | nindent 2 }}
automountServiceAccountToken: false
{{- end }}

{{/* Only where a second replica can take over: for a single one it would do nothing, or block every drain. */}}
{{- define "streamgate.pdb" -}}
{{- if gt (int (include "streamgate.maxReplicas" .)) 1 -}}
apiVersion: policy/v1
kind: PodDisruptionBudget
metadata:
  {{- include "streamgate.metadata" (dict "root" .) | nindent 2 }}
spec:
  maxUnavailable: {{ .Values.podDisruptionBudget.maxUnavailable }}
  unhealthyPodEvictionPolicy: AlwaysAllow
  selector:
    matchLabels:
      {{- include "streamgate.selector" . | nindent 6 }}
{{- end -}}
{{- end }}
