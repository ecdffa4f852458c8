{{- define "hushbeam.name" -}}
{{- .Release.Name | trunc 40 | trimSuffix "-" -}}
{{- end -}}

{{- define "hushbeam.selector" -}}
app.kubernetes.io/name: hushbeam
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end -}}

{{- define "hushbeam.labels" -}}
{{ include "hushbeam.selector" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ .Chart.Name }}-{{ .Chart.Version }}
{{- end -}}

{{- /* Of a dictionary with repository, tag and digest. */ -}}
{{- define "hushbeam.image" -}}
{{- if .digest }}{{ .repository }}@{{ .digest }}{{ else }}{{ .repository }}:{{ .tag }}{{ end -}}
{{- end -}}

{{- define "hushbeam.serviceAccount" -}}
{{- default (include "hushbeam.name" .) .Values.serviceAccount.name -}}
{{- end -}}

{{- /* The configuration file: what the user says goes before what the chart adds. */ -}}
{{- define "hushbeam.run" -}}
{{- $added := dict "recognition" (dict "device" .Values.device) -}}
{{- if .Values.flink.enabled -}}
{{- $beam := dict
      "runner" "FlinkRunner"
      "flink_master" (printf "%s-rest:8081" (include "hushbeam.name" .))
      "flink_version" .Values.flink.version
      "flink_submit_uber_jar" true
      "flink_job_server_jar" "/opt/hushbeam/flink-job-server.jar"
      "environment_type" "EXTERNAL"
      "environment_config" "localhost:50000"
      "parallelism" (int .Values.workers.replicas) -}}
{{- $_ := set $added "beam" $beam -}}
{{- end -}}
{{- mergeOverwrite $added (deepCopy .Values.run) | toYaml -}}
{{- end -}}

{{- /* Not empty where a model is fetched from an object store: it needs a folder that can be written to. */ -}}
{{- define "hushbeam.fetchesModels" -}}
{{- $recognition := default dict .Values.run.recognition -}}
{{- $verification := default dict .Values.run.verification -}}
{{- if or (contains "://" (toString $recognition.model)) (contains "://" (toString $verification.verify_model)) }}yes{{ end -}}
{{- end -}}

{{- define "hushbeam.podSecurity" -}}
runAsNonRoot: true
runAsUser: 10001
runAsGroup: 10001
fsGroup: 10001
fsGroupChangePolicy: OnRootMismatch
seccompProfile:
  type: RuntimeDefault
{{- end -}}

{{- define "hushbeam.containerSecurity" -}}
allowPrivilegeEscalation: false
readOnlyRootFilesystem: true
runAsNonRoot: true
capabilities:
  drop: ["ALL"]
seccompProfile:
  type: RuntimeDefault
{{- end -}}

{{- define "hushbeam.secret" -}}
envFrom:
  - secretRef:
      name: {{ .Values.secret.name }}
      optional: {{ .Values.secret.optional }}
{{- end -}}

{{- /* Copies the models of the image to where others can be put beside them. */ -}}
{{- define "hushbeam.fillCache" -}}
- name: models
  image: {{ include "hushbeam.image" .Values.image }}
  imagePullPolicy: {{ .Values.image.pullPolicy }}
  command: ["cp", "-r", "/var/cache/hushbeam/.", "/cache"]
  securityContext:
    {{- include "hushbeam.containerSecurity" . | nindent 4 }}
    runAsUser: 10001
  resources:
    requests: {cpu: 100m, memory: 64Mi}
    limits: {memory: 256Mi}
  volumeMounts:
    - {name: models, mountPath: /cache}
{{- end -}}

{{- define "hushbeam.flinkPod" -}}
enableServiceLinks: false
{{- with .Values.imagePullSecrets }}
imagePullSecrets:
  {{- toYaml . | nindent 2 }}
{{- end }}
securityContext:
  runAsNonRoot: true
  fsGroup: 10001
  fsGroupChangePolicy: OnRootMismatch
  seccompProfile:
    type: RuntimeDefault
{{- end -}}

{{- /* Ends in its list of mounts, so that others can follow. */ -}}
{{- define "hushbeam.flinkContainer" -}}
- name: flink-main-container
  securityContext:
    allowPrivilegeEscalation: false
    readOnlyRootFilesystem: {{ .Values.flink.readOnlyRootFilesystem }}
    runAsNonRoot: true
    runAsUser: 9999
    runAsGroup: 9999
    capabilities:
      drop: ["ALL"]
    seccompProfile:
      type: RuntimeDefault
  volumeMounts:
    - {name: flink-log, mountPath: /opt/flink/log}
    - {name: flink-tmp, mountPath: /tmp}
{{- end -}}

{{- define "hushbeam.flinkVolumes" -}}
- name: flink-log
  emptyDir: {}
- name: flink-tmp
  emptyDir: {}
{{- end -}}
