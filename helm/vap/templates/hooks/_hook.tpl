{{/* Annotations of a hook's objects: (list "pre-upgrade" -5). They go when the hook has succeeded; after a failure they
stay to be looked at, until the next try. */}}
{{- define "vap.hook" -}}
helm.sh/hook: {{ index . 0 }}
helm.sh/hook-weight: {{ index . 1 | quote }}
helm.sh/hook-delete-policy: before-hook-creation,hook-succeeded
{{- end }}
