{{- /* oauth2d.peers takes (list . COMPONENTS). */ -}}
{{- define "oauth2d.peers" -}}
{{- $root := index . 0 -}}
- podSelector:
    matchLabels:
      app.kubernetes.io/name: {{ include "oauth2d.name" $root }}
      app.kubernetes.io/instance: {{ $root.Release.Name }}
    matchExpressions:
      - {key: app.kubernetes.io/component, operator: In, values: {{ toJson (index . 1) }}}
{{- end -}}

{{- /* The way to Redis and its Sentinels, own or external. */ -}}
{{- define "oauth2d.egressToRedis" -}}
{{- if include "oauth2d.ownRedis" . -}}
- ports:
    - {protocol: TCP, port: 6379}
  to:
    {{- include "oauth2d.peers" (list . (list "redis")) | nindent 4 }}
{{- if include "oauth2d.ha" . }}
- ports:
    - {protocol: TCP, port: 26379}
  to:
    {{- include "oauth2d.peers" (list . (list "sentinel")) | nindent 4 }}
{{- end }}
{{- else -}}
{{- $ports := list 6379 -}}
{{- range .Values.redis.external.addrs -}}
{{- $ports = append $ports (splitList ":" . | last | int) -}}
{{- end -}}
- ports:
    {{- range uniq $ports }}
    - {protocol: TCP, port: {{ . }}}
    {{- end }}
  {{- with .Values.networkPolicy.externalRedis }}
  to:
    {{- toYaml . | nindent 4 }}
  {{- end }}
{{- end -}}
{{- end -}}
