{{/* Settings of a development pod that runs somebody else's image: (list 999). Its file system is the image's own. */}}
{{- define "vap.devPodSecurity" -}}
runAsNonRoot: true
runAsUser: {{ . }}
runAsGroup: {{ . }}
fsGroup: {{ . }}
seccompProfile: {type: RuntimeDefault}
{{- end }}

{{- define "vap.devClaim" -}}
metadata: {name: data}
spec:
  accessModes: [ReadWriteOnce]
  {{- with .storageClassName }}
  storageClassName: {{ . }}
  {{- end }}
  resources: {requests: {storage: {{ .storage }}}}
{{- end }}

{{- define "vap.devService" -}}
{{- $root := .root }}
apiVersion: v1
kind: Service
metadata:
  name: {{ include "vap.fullname" $root }}-{{ .name }}
  labels:
    {{- include "vap.labels" (list $root .name) | nindent 4 }}
spec:
  clusterIP: {{ .clusterIP | default "" | quote }}
  # A broker that names itself by this Service must be found before it is ready.
  publishNotReadyAddresses: {{ .early | default false }}
  selector:
    {{- include "vap.selectorLabels" (list $root .name) | nindent 4 }}
  ports:
    - {name: main, port: {{ .port }}, targetPort: main}
{{- end }}

{{- define "vap.devCameraUrl" -}}
rtsp://{{ include "vap.fullname" . }}-camera:8554/pedestrians.mp4?play_count=0
{{- end }}
