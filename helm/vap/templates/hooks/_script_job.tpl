{{/*
A Job that runs a script of files/ with the operator's image, which has Python and the Kubernetes client, under a service
account that exists only while it runs: (dict "root" $ "name" "crds" "hook" "pre-upgrade" "script" "apply_crds.py"
"args" (list ...) "files" (dict NAME TEXT) "rules" (list of namespaced rules) "clusterRules" (...) "seconds" 120).
*/}}
{{- define "vap.scriptJob" -}}
{{- $root := .root }}
{{- $name := printf "%s-%s" (include "vap.fullname" $root) .name }}
{{- $clusterName := printf "%s-%s" $root.Release.Namespace $name }}
apiVersion: v1
kind: ServiceAccount
metadata:
  name: {{ $name }}
  labels:
    {{- include "vap.labels" (list $root .name) | nindent 4 }}
  annotations:
    {{- include "vap.hook" (list .hook -10) | nindent 4 }}
automountServiceAccountToken: false
---
apiVersion: v1
kind: ConfigMap
metadata:
  name: {{ $name }}
  labels:
    {{- include "vap.labels" (list $root .name) | nindent 4 }}
  annotations:
    {{- include "vap.hook" (list .hook -10) | nindent 4 }}
data:
  {{ .script }}: |
    {{- $root.Files.Get (printf "files/%s" .script) | nindent 4 }}
  {{- range $file, $text := .files }}
  {{ $file }}: |
    {{- $text | nindent 4 }}
  {{- end }}
---
{{- range $kind, $rules := dict "Role" .rules "ClusterRole" .clusterRules }}
{{- if $rules }}
apiVersion: rbac.authorization.k8s.io/v1
kind: {{ $kind }}
metadata:
  name: {{ ternary $name $clusterName (eq $kind "Role") }}
  labels:
    {{- include "vap.labels" (list $root $.name) | nindent 4 }}
  annotations:
    {{- include "vap.hook" (list $.hook -9) | nindent 4 }}
rules:
  {{- toYaml $rules | nindent 2 }}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: {{ $kind }}Binding
metadata:
  name: {{ ternary $name $clusterName (eq $kind "Role") }}
  labels:
    {{- include "vap.labels" (list $root $.name) | nindent 4 }}
  annotations:
    {{- include "vap.hook" (list $.hook -8) | nindent 4 }}
roleRef: {apiGroup: rbac.authorization.k8s.io, kind: {{ $kind }}, name: {{ ternary $name $clusterName (eq $kind "Role") }}}
subjects:
  - {kind: ServiceAccount, name: {{ $name }}, namespace: {{ $root.Release.Namespace }}}
---
{{- end }}
{{- end }}
apiVersion: batch/v1
kind: Job
metadata:
  name: {{ $name }}
  labels:
    {{- include "vap.labels" (list $root .name) | nindent 4 }}
  annotations:
    {{- include "vap.hook" (list .hook 0) | nindent 4 }}
spec:
  backoffLimit: 2
  activeDeadlineSeconds: {{ .seconds }}
  template:
    metadata:
      labels:
        {{- include "vap.labels" (list $root .name) | nindent 8 }}
    spec:
      restartPolicy: Never
      serviceAccountName: {{ $name }}
      automountServiceAccountToken: true
      {{- include "vap.podSettings" (list $root $root.Values.operator) | nindent 6 }}
      containers:
        - name: script
          image: {{ include "vap.image" (list $root $root.Values.operator.image) }}
          imagePullPolicy: {{ $root.Values.image.pullPolicy }}
          command: [python, /script/{{ .script }}]
          args:
            {{- toYaml .args | nindent 12 }}
          resources:
            requests: {cpu: 50m, memory: 96Mi}
            limits: {memory: 256Mi}
          securityContext:
            {{- include "vap.containerSecurity" true | nindent 12 }}
          volumeMounts:
            - {name: script, mountPath: /script, readOnly: true}
            - {name: tmp, mountPath: /tmp}
      volumes:
        - name: script
          configMap: {name: {{ $name }}}
        - name: tmp
          emptyDir: {sizeLimit: 16Mi}
{{- end }}
