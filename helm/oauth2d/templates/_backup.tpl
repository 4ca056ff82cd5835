{{- /* The settings of the jobs: those of Redis, as the user of the backups. They need no key of the daemon. */ -}}
{{- define "oauth2d.backupConfig" -}}
{{- $redis := include "oauth2d.redisConfig" . | fromYaml -}}
{{- if include "oauth2d.ownRedis" . -}}
{{- $redis = mergeOverwrite $redis (dict "username" "backup" "password_file" "/run/secrets/oauth2d/backup-password") -}}
{{- else -}}
{{- with .Values.backup.external.username -}}
{{- $redis = set $redis "username" . -}}
{{- end -}}
{{- end -}}
{{- toYaml (dict "redis" $redis) -}}
{{- end -}}

{{- define "oauth2d.backupVolumes" -}}
- name: config
  configMap:
    name: {{ include "oauth2d.fullname" . }}-backup
- name: tmp
  emptyDir:
    sizeLimit: {{ .Values.backup.temporarySize }}
{{- with .Values.backup.existingClaim }}
- name: archives
  persistentVolumeClaim:
    claimName: {{ . }}
{{- end }}
{{- if include "oauth2d.ownRedis" . }}
{{- if eq .Values.secrets.source "csi" }}
- name: secrets
  csi:
    driver: secrets-store.csi.k8s.io
    readOnly: true
    volumeAttributes:
      secretProviderClass: {{ .Values.secrets.csi.redisClass }}
{{- else }}
- name: secrets
  secret:
    secretName: {{ include "oauth2d.redisSecret" . }}
    defaultMode: 0440
    items:
      - {key: backup-password, path: backup-password}
      {{- if include "oauth2d.ha" . }}
      - {key: sentinel-password, path: sentinel-password}
      {{- end }}
{{- end }}
- name: redis-tls
  secret:
    secretName: {{ include "oauth2d.redisClientTLS" . }}
    defaultMode: 0440
{{- else }}
{{- include "oauth2d.externalRedisVolumes" (list . (.Values.backup.external.passwordKey | default .Values.redis.external.passwordKey)) }}
{{- end }}
{{- end -}}

{{- define "oauth2d.backupMounts" -}}
- {name: config, mountPath: /etc/oauth2d, readOnly: true}
- {name: tmp, mountPath: /tmp}
{{- if .Values.backup.existingClaim }}
- {name: archives, mountPath: /backups}
{{- end }}
{{- if include "oauth2d.ownRedis" . }}
- {name: secrets, mountPath: /run/secrets/oauth2d, readOnly: true}
- {name: redis-tls, mountPath: /run/secrets/redis-tls, readOnly: true}
{{- else }}
{{- include "oauth2d.externalRedisMounts" . }}
{{- end }}
{{- end -}}
