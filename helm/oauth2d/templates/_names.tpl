{{- define "oauth2d.name" -}}
{{- default .Chart.Name .Values.nameOverride | trunc 40 | trimSuffix "-" -}}
{{- end -}}

{{- /* At most 40 characters: names with a suffix and an ordinal must stay DNS labels. */ -}}
{{- define "oauth2d.fullname" -}}
{{- if .Values.fullnameOverride -}}
{{- .Values.fullnameOverride | trunc 40 | trimSuffix "-" -}}
{{- else if contains (include "oauth2d.name" .) .Release.Name -}}
{{- .Release.Name | trunc 40 | trimSuffix "-" -}}
{{- else -}}
{{- printf "%s-%s" .Release.Name (include "oauth2d.name" .) | trunc 40 | trimSuffix "-" -}}
{{- end -}}
{{- end -}}

{{- /* oauth2d.labels and oauth2d.selector take (list . COMPONENT). */ -}}
{{- define "oauth2d.selector" -}}
{{- $root := index . 0 -}}
app.kubernetes.io/name: {{ include "oauth2d.name" $root }}
app.kubernetes.io/instance: {{ $root.Release.Name }}
app.kubernetes.io/component: {{ index . 1 }}
{{- end -}}

{{- define "oauth2d.labels" -}}
{{- $root := index . 0 -}}
{{ include "oauth2d.selector" . }}
app.kubernetes.io/version: {{ $root.Chart.AppVersion | quote }}
app.kubernetes.io/part-of: oauth2d
app.kubernetes.io/managed-by: {{ $root.Release.Service }}
helm.sh/chart: {{ printf "%s-%s" $root.Chart.Name $root.Chart.Version | replace "+" "_" }}
{{- with $root.Values.commonLabels }}
{{ toYaml . }}
{{- end }}
{{- end -}}

{{- /* Without versions: a new chart alone must not restart Redis. */ -}}
{{- define "oauth2d.podLabels" -}}
{{ include "oauth2d.selector" . }}
{{- with (index . 0).Values.commonLabels }}
{{ toYaml . }}
{{- end }}
{{- end -}}

{{- define "oauth2d.serviceAccountName" -}}
{{- .Values.serviceAccount.name | default (include "oauth2d.fullname" .) -}}
{{- end -}}

{{- define "oauth2d.daemonSecret" -}}
{{- .Values.secrets.daemonSecret | default (printf "%s-daemon" (include "oauth2d.fullname" .)) -}}
{{- end -}}

{{- define "oauth2d.redisSecret" -}}
{{- .Values.secrets.redisSecret | default (printf "%s-redis" (include "oauth2d.fullname" .)) -}}
{{- end -}}

{{- define "oauth2d.redisServerTLS" -}}
{{- .Values.redis.tls.serverSecret | default (printf "%s-redis-tls" (include "oauth2d.fullname" .)) -}}
{{- end -}}

{{- define "oauth2d.redisClientTLS" -}}
{{- .Values.redis.tls.clientSecret | default (printf "%s-redis-client-tls" (include "oauth2d.fullname" .)) -}}
{{- end -}}

{{- define "oauth2d.publicTLS" -}}
{{- .Values.tls.secretName | default (printf "%s-tls" (include "oauth2d.fullname" .)) -}}
{{- end -}}

{{- define "oauth2d.image" -}}
{{- $tag := .Values.image.tag | default .Chart.AppVersion -}}
{{- with .Values.image.digest }}{{ printf "%s@%s" $.Values.image.repository . }}{{ else }}{{ printf "%s:%s" .Values.image.repository $tag }}{{ end -}}
{{- end -}}

{{- define "oauth2d.redisImage" -}}
{{- with .Values.redis.image -}}
{{- if .digest }}{{ printf "%s@%s" .repository .digest }}{{ else }}{{ printf "%s:%s" .repository .tag }}{{ end -}}
{{- end -}}
{{- end -}}

{{- define "oauth2d.publicPort" -}}
{{- .Values.service.port | default (ternary 443 80 .Values.tls.enabled) -}}
{{- end -}}

{{- define "oauth2d.issuerHost" -}}
{{- (urlParse .Values.issuer).host | splitList ":" | first | lower -}}
{{- end -}}

{{- define "oauth2d.issuerPath" -}}
{{- (urlParse .Values.issuer).path | default "/" -}}
{{- end -}}

{{- /* The parts of the chart's own Redis that are deployed: "yes" or nothing. */ -}}
{{- define "oauth2d.ownRedis" -}}{{- if ne .Values.redis.mode "external" }}yes{{ end -}}{{- end -}}
{{- define "oauth2d.ha" -}}{{- if eq .Values.redis.mode "ha" }}yes{{ end -}}{{- end -}}

{{- /*
oauth2d.nodeHost takes (list . POD) and returns the name of a node of Redis or a Sentinel: that of its Service, which has
the name of the pod. A pod that is gone has no name. Sentinel waits for the resolver in its only thread, so a resolver
that looks for the name elsewhere, and takes seconds, keeps it in TILT mode: no master would be replaced.
*/ -}}
{{- define "oauth2d.nodeHost" -}}
{{- $root := index . 0 -}}
{{- printf "%s.%s.svc.%s" (index . 1) $root.Release.Namespace $root.Values.clusterDomain -}}
{{- end -}}

{{- define "oauth2d.sentinels" -}}
{{- $root := . -}}
{{- $hosts := list -}}
{{- range $i := until (int .Values.redis.sentinel.replicas) -}}
{{- $hosts = append $hosts (printf "%s:26379" (include "oauth2d.nodeHost" (list $root (printf "%s-sentinel-%d" (include "oauth2d.fullname" $root) $i)))) -}}
{{- end -}}
{{- join " " $hosts -}}
{{- end -}}

{{- define "oauth2d.firstRedis" -}}
{{- include "oauth2d.nodeHost" (list . (printf "%s-redis-0" (include "oauth2d.fullname" .))) }}:6379
{{- end -}}

{{- /* The paths of the server: those below the issuer, and where RFC 8414 puts the metadata of an issuer with a path. */ -}}
{{- define "oauth2d.publicPaths" -}}
{{- $path := include "oauth2d.issuerPath" . -}}
{{- if eq $path "/" -}}
{{- list "/" | toJson -}}
{{- else -}}
{{- list $path (printf "/.well-known/oauth-authorization-server%s" $path) | toJson -}}
{{- end -}}
{{- end -}}

{{- /* oauth2d.bytes takes a quantity of Kubernetes or a size of Redis (256Mi, 1G, 256mb) and returns bytes. */ -}}
{{- define "oauth2d.bytes" -}}
{{- $size := toString . | lower | replace "ki" "kb" | replace "mi" "mb" | replace "gi" "gb" | replace "ti" "tb" | replace "pi" "pb" -}}
{{- $unit := regexFind "[a-z]*$" $size -}}
{{- $factors := dict "kb" 1024 "mb" 1048576 "gb" 1073741824 "tb" 1099511627776 "pb" 1125899906842624 "ei" 1152921504606846976 "k" 1e3 "m" 1e6 "g" 1e9 "t" 1e12 "p" 1e15 "e" 1e18 -}}
{{- mulf (trimSuffix $unit $size | float64) (get $factors $unit | default 1 | float64) | printf "%.0f" -}}
{{- end -}}
