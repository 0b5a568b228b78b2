{{/* Environment of every service. */}}
{{- define "vap.env.common" -}}
- {name: LOG_LEVEL, value: {{ .Values.logLevel }}}
- {name: LOG_FORMAT, value: json}
{{- end }}

{{- define "vap.kafkaBootstrapServers" -}}
{{- if .Values.kafka.bootstrapServers }}{{ .Values.kafka.bootstrapServers }}
{{- else if .Values.dev.enabled }}{{ include "vap.fullname" . }}-kafka:9092
{{- else }}{{ fail "set kafka.bootstrapServers, or dev.enabled=true for a Kafka of one node inside the cluster" }}
{{- end }}
{{- end }}

{{- define "vap.env.kafka" -}}
{{- $kafka := .Values.kafka -}}
- {name: KAFKA_BOOTSTRAP_SERVERS, value: {{ include "vap.kafkaBootstrapServers" . | quote }}}
- {name: KAFKA_SECURITY_PROTOCOL, value: {{ $kafka.securityProtocol }}}
{{- if hasPrefix "SASL" $kafka.securityProtocol }}
- {name: KAFKA_SASL_MECHANISM, value: {{ $kafka.sasl.mechanism }}}
{{- if $kafka.sasl.existingSecret.name }}
- name: KAFKA_SASL_USERNAME
  valueFrom: {secretKeyRef: {name: {{ $kafka.sasl.existingSecret.name }}, key: {{ $kafka.sasl.existingSecret.usernameKey }}}}
- name: KAFKA_SASL_PASSWORD
  valueFrom: {secretKeyRef: {name: {{ $kafka.sasl.existingSecret.name }}, key: {{ $kafka.sasl.existingSecret.passwordKey }}}}
{{- else }}
{{- if not (and $kafka.sasl.username $kafka.sasl.password) }}
{{- fail (printf "kafka.securityProtocol %s needs kafka.sasl.existingSecret.name, or kafka.sasl.username and password" $kafka.securityProtocol) }}
{{- end }}
- name: KAFKA_SASL_USERNAME
  valueFrom: {secretKeyRef: {name: {{ include "vap.secretName" . }}, key: KAFKA_SASL_USERNAME}}
- name: KAFKA_SASL_PASSWORD
  valueFrom: {secretKeyRef: {name: {{ include "vap.secretName" . }}, key: KAFKA_SASL_PASSWORD}}
{{- end }}
{{- end }}
{{- if $kafka.ca.existingSecret.name }}
- {name: KAFKA_SSL_CA_LOCATION, value: /etc/vap/kafka/ca.crt}
{{- end }}
{{- end }}

{{- define "vap.env.database" -}}
- name: DATABASE_URL
  valueFrom:
    secretKeyRef:
{{- if .Values.database.existingSecret.name }}
      name: {{ .Values.database.existingSecret.name }}
      key: {{ .Values.database.existingSecret.key }}
{{- else if .Values.database.url }}
      name: {{ include "vap.secretName" . }}
      key: DATABASE_URL
{{- else if .Values.dev.enabled }}
      name: {{ include "vap.fullname" . }}-postgresql
      key: DATABASE_URL
{{- else }}
{{- fail "set database.existingSecret.name or database.url, or dev.enabled=true for a PostgreSQL inside the cluster" }}
{{- end }}
{{- end }}

{{/* The key of camera credentials, and which cameras are accepted. */}}
{{- define "vap.env.cameras" -}}
- name: VAP_SECRET_KEY
  valueFrom:
    secretKeyRef:
{{- if .Values.secretKey.existingSecret.name }}
      name: {{ .Values.secretKey.existingSecret.name }}
      key: {{ .Values.secretKey.existingSecret.key }}
{{- else }}
      name: {{ include "vap.secretName" . }}
      key: VAP_SECRET_KEY
{{- end }}
- {name: CAMERA_ALLOW_PRIVATE, value: {{ .Values.cameras.allowPrivate | quote }}}
- {name: CAMERA_ALLOW_LOOPBACK, value: {{ .Values.cameras.allowLoopback | quote }}}
- {name: CAMERA_ALLOW_LINK_LOCAL, value: {{ .Values.cameras.allowLinkLocal | quote }}}
- {name: CAMERA_REFUSED_NETWORKS, value: {{ join "," .Values.cameras.refusedNetworks | quote }}}
- {name: CAMERA_ALLOWED_NETWORKS, value: {{ join "," .Values.cameras.allowedNetworks | quote }}}
- {name: CAMERA_FILE_ROOTS, value: {{ join ":" .Values.cameras.fileRoots | quote }}}
{{- end }}

{{- define "vap.env.redis" -}}
{{- if .Values.redis.existingSecret.name }}
- name: REDIS_URL
  valueFrom: {secretKeyRef: {name: {{ .Values.redis.existingSecret.name }}, key: {{ .Values.redis.existingSecret.key }}}}
{{- else if .Values.redis.url }}
- name: REDIS_URL
  valueFrom: {secretKeyRef: {name: {{ include "vap.secretName" . }}, key: REDIS_URL}}
{{- end }}
{{- end }}

{{/* A component's own settings: its `config` map, then `extraEnv` as it is. */}}
{{- define "vap.env.config" -}}
{{- range $name, $value := .config }}
- {name: {{ $name }}, value: {{ $value | toString | quote }}}
{{- end }}
{{- with .extraEnv }}
{{ toYaml . }}
{{- end }}
{{- end }}
