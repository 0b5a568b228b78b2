{{/* Credentials that came as values, base64, by the names of the settings. */}}
{{- define "vap.givenCredentials" -}}
{{- $data := dict }}
{{- if and .Values.database.url (not .Values.database.existingSecret.name) }}
  {{- $_ := set $data "DATABASE_URL" (.Values.database.url | b64enc) }}
{{- end }}
{{- if and (hasPrefix "SASL" .Values.kafka.securityProtocol) (not .Values.kafka.sasl.existingSecret.name) }}
  {{- $_ := set $data "KAFKA_SASL_USERNAME" (.Values.kafka.sasl.username | b64enc) }}
  {{- $_ := set $data "KAFKA_SASL_PASSWORD" (.Values.kafka.sasl.password | b64enc) }}
{{- end }}
{{- if and .Values.redis.url (not .Values.redis.existingSecret.name) }}
  {{- $_ := set $data "REDIS_URL" (.Values.redis.url | b64enc) }}
{{- end }}
{{- toYaml $data }}
{{- end }}
