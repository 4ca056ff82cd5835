{{- /* The daemon's settings: those of the chart, and config on top. The schema keeps the two apart. */ -}}
{{- define "oauth2d.config" -}}
{{- $name := include "oauth2d.fullname" . -}}
{{- $own := dict "issuer" .Values.issuer "master_key_file" "/run/secrets/oauth2d/master-key" -}}
{{- $server := dict "listen" ":8080" "shutdown_delay" (printf "%ds" (int .Values.shutdownDelaySeconds)) "shutdown_grace" (printf "%ds" (int .Values.shutdownGraceSeconds)) -}}
{{- if .Values.tls.enabled -}}
{{- $_ := set $server "tls" (dict "cert_file" "/run/secrets/tls/tls.crt" "key_file" "/run/secrets/tls/tls.key") -}}
{{- end -}}
{{- $admin := printf "%s-admin" $name -}}
{{- $service := printf "%s.%s.svc" $admin .Release.Namespace -}}
{{- $hosts := list $admin (printf "%s.%s" $admin .Release.Namespace) $service (printf "%s.%s" $service .Values.clusterDomain) -}}
{{- with (.Values.config.admin | default dict).hosts -}}
{{- $hosts = concat $hosts (ternary (splitList "," (toString .)) . (kindIs "string" .)) -}}
{{- end -}}
{{- $own = merge $own (dict "server" $server "admin" (dict "listen" ":9090") "redis" (include "oauth2d.redisConfig" . | fromYaml)) -}}
{{- $all := mergeOverwrite (deepCopy .Values.config) $own -}}
{{- $_ := set $all.admin "hosts" $hosts -}}
{{- toYaml $all -}}
{{- end -}}

{{- define "oauth2d.redisConfig" -}}
{{- if eq .Values.redis.mode "external" -}}
{{- with .Values.redis.external }}
mode: {{ .kind }}
addrs: {{ toJson .addrs }}
{{- if eq .kind "sentinel" }}
master_name: {{ .masterName | quote }}
{{- end }}
db: {{ int .db }}
{{- with .username }}
username: {{ . | quote }}
{{- end }}
{{- with .sentinelUsername }}
sentinel_username: {{ . | quote }}
{{- end }}
{{- if .passwordSecret }}
password_file: /run/secrets/redis/password
{{- if .sentinelPasswordKey }}
sentinel_password_file: /run/secrets/redis/sentinel-password
{{- end }}
{{- end }}
{{- if .tls.enabled }}
tls:
  enabled: true
  {{- if .tls.caSecret }}
  ca_file: /run/secrets/redis-tls/ca.crt
  {{- end }}
  {{- if .tls.clientSecret }}
  cert_file: /run/secrets/redis-tls/tls.crt
  key_file: /run/secrets/redis-tls/tls.key
  {{- end }}
  {{- with .tls.serverName }}
  server_name: {{ . | quote }}
  {{- end }}
{{- end }}
{{- end }}
{{- else }}
{{- if include "oauth2d.ha" . }}
mode: sentinel
addrs: {{ splitList " " (include "oauth2d.sentinels" .) | toJson }}
master_name: {{ .Values.redis.masterName | quote }}
sentinel_password_file: /run/secrets/oauth2d/sentinel-password
{{- else }}
mode: standalone
addrs: [{{ include "oauth2d.firstRedis" . | quote }}]
{{- end }}
username: app
password_file: /run/secrets/oauth2d/app-password
tls:
  enabled: true
  ca_file: /run/secrets/redis-tls/ca.crt
  cert_file: /run/secrets/redis-tls/tls.crt
  key_file: /run/secrets/redis-tls/tls.key
{{- end }}
{{- with .Values.redis.durability }}
durability: {{ . }}
{{- end }}
# Redis may need as long for its first start, with images and volumes.
start_timeout: 5m
{{- end -}}
