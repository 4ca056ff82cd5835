{{- /* "yes" when lookup asks a cluster. A cluster lists the Secrets of the namespace even if there are none. */ -}}
{{- define "oauth2d.connected" -}}
{{- if hasKey (lookup "v1" "Secret" .Release.Namespace "") "items" }}yes{{ end -}}
{{- end -}}

{{- define "oauth2d.onceOnly" -}}
helm.sh/hook: pre-install,pre-upgrade
helm.sh/hook-weight: "-10"
# Not the default before-hook-creation, which would replace the Secret.
helm.sh/hook-delete-policy: hook-failed
helm.sh/resource-policy: keep
{{- end -}}

{{- define "oauth2d.passwordKeys" -}}
["admin-password","replication-password","app-password","cache-password","monitor-password","cleanup-password","backup-password","sentinel-password","peer-password"]
{{- end -}}

{{- /* The names in the certificate of Redis and the Sentinels, as a JSON list: of as many nodes as an upgrade may bring. */ -}}
{{- define "oauth2d.redisNames" -}}
{{- $names := list "localhost" -}}
{{- range $component, $most := dict "redis" 9 "sentinel" 7 -}}
{{- range $i := until $most -}}
{{- $names = append $names (include "oauth2d.nodeHost" (list $ (printf "%s-%s-%d" (include "oauth2d.fullname" $) $component $i))) -}}
{{- end -}}
{{- end -}}
{{- range $component := list "redis" "sentinel" "cache" -}}
{{- $service := printf "%s-%s.%s.svc" (include "oauth2d.fullname" $) $component $.Release.Namespace -}}
{{- $names = concat $names (list (printf "*.%s.%s" $service $.Values.clusterDomain) (printf "%s.%s" $service $.Values.clusterDomain) $service) -}}
{{- end -}}
{{- toJson $names -}}
{{- end -}}
