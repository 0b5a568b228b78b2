{{/* Pod security "restricted": (list $ .Values.api) gives the pod's part with scheduling. */}}
{{- define "vap.podSettings" -}}
{{- $root := index . 0 }}
{{- $component := index . 1 }}
# Or the cluster's Services would come as environment variables, some by the names of settings.
enableServiceLinks: false
securityContext:
  runAsNonRoot: true
  runAsUser: 10001
  runAsGroup: 10001
  fsGroup: 10001
  seccompProfile: {type: RuntimeDefault}
{{- with $root.Values.imagePullSecrets }}
imagePullSecrets:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with $component.priorityClassName }}
priorityClassName: {{ . }}
{{- end }}
{{- with $component.nodeSelector }}
nodeSelector:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with $component.tolerations }}
tolerations:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with $component.affinity }}
affinity:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- end }}

{{- define "vap.containerSecurity" -}}
allowPrivilegeEscalation: false
readOnlyRootFilesystem: {{ . }}
capabilities: {drop: [ALL]}
{{- end }}

{{/* Replicas on different nodes where there are several: (list $ "api" .Values.api). */}}
{{- define "vap.spread" -}}
{{- $component := index . 2 }}
topologySpreadConstraints:
{{- if $component.topologySpreadConstraints }}
  {{- toYaml $component.topologySpreadConstraints | nindent 2 }}
{{- else }}
  - maxSkew: 1
    topologyKey: kubernetes.io/hostname
    whenUnsatisfiable: ScheduleAnyway
    labelSelector:
      matchLabels:
        {{- include "vap.selectorLabels" (list (index . 0) (index . 1)) | nindent 8 }}
{{- end }}
{{- end }}

{{/* Labels and annotations of a component's pods: (list $ "api" .Values.api). The checksum starts pods anew when a
credential given as a value changes; one in an existing Secret needs `kubectl rollout restart`. */}}
{{- define "vap.podMetadata" -}}
{{- $root := index . 0 }}
{{- $component := index . 2 }}
labels:
  {{- include "vap.labels" (list $root (index . 1)) | nindent 2 }}
  {{- with $component.podLabels }}
  {{- toYaml . | nindent 2 }}
  {{- end }}
annotations:
  checksum/credentials: {{ list $root.Values.database $root.Values.kafka $root.Values.secretKey $root.Values.redis | toJson | sha256sum | trunc 16 }}
  {{- with $component.podAnnotations }}
  {{- toYaml . | nindent 2 }}
  {{- end }}
{{- end }}

{{/* Probes of a component whose HTTP port is named `http`. */}}
{{- define "vap.probes" -}}
startupProbe:
  httpGet: {path: /livez, port: http}
  periodSeconds: 1
  failureThreshold: 60
livenessProbe:
  httpGet: {path: /livez, port: http}
  periodSeconds: 10
  timeoutSeconds: 5
  failureThreshold: 3
readinessProbe:
  httpGet: {path: /readyz, port: http}
  periodSeconds: 3
  timeoutSeconds: 5
  failureThreshold: 2
{{- end }}

{{/* Files a pod may write, and those it reads: (list $ "64Mi"). */}}
{{- define "vap.volumes" -}}
{{- $root := index . 0 }}
- name: tmp
  emptyDir: {sizeLimit: {{ index . 1 }}}
{{- if $root.Values.kafka.ca.existingSecret.name }}
- name: kafka-ca
  secret:
    secretName: {{ $root.Values.kafka.ca.existingSecret.name }}
    items: [{key: {{ $root.Values.kafka.ca.existingSecret.key }}, path: ca.crt}]
{{- end }}
{{- end }}

{{- define "vap.volumeMounts" -}}
- {name: tmp, mountPath: /tmp}
{{- if .Values.kafka.ca.existingSecret.name }}
- {name: kafka-ca, mountPath: /etc/vap/kafka, readOnly: true}
{{- end }}
{{- end }}
