{{- /* What the Pod Security level "restricted" wants, for the pod (argument: user and group id) and the container. */ -}}
{{- define "oauth2d.podSecurity" -}}
runAsNonRoot: true
runAsUser: {{ . }}
runAsGroup: {{ . }}
fsGroup: {{ . }}
fsGroupChangePolicy: OnRootMismatch
seccompProfile:
  type: RuntimeDefault
{{- end -}}

{{- define "oauth2d.containerSecurity" -}}
allowPrivilegeEscalation: false
readOnlyRootFilesystem: true
capabilities:
  drop: [ALL]
{{- end -}}

{{- /* Names of Redis nodes have more dots than this: they are asked for as they are, without search domains. */ -}}
{{- define "oauth2d.dnsConfig" -}}
options:
  - {name: ndots, value: "2"}
  - {name: timeout, value: "1"}
  - {name: attempts, value: "2"}
{{- end -}}

{{- /* oauth2d.spread takes (list . COMPONENT hard|soft|none): one pod a machine. */ -}}
{{- define "oauth2d.antiAffinity" -}}
{{- $selector := include "oauth2d.selector" (list (index . 0) (index . 1)) -}}
{{- if eq (index . 2) "hard" }}
podAntiAffinity:
  requiredDuringSchedulingIgnoredDuringExecution:
    - topologyKey: kubernetes.io/hostname
      labelSelector:
        matchLabels:
          {{- $selector | nindent 10 }}
{{- else if eq (index . 2) "soft" }}
podAntiAffinity:
  preferredDuringSchedulingIgnoredDuringExecution:
    - weight: 100
      podAffinityTerm:
        topologyKey: kubernetes.io/hostname
        labelSelector:
          matchLabels:
            {{- $selector | nindent 12 }}
{{- end }}
{{- end -}}

{{- /* oauth2d.topology takes (list . COMPONENT hard|soft|none): even over machines and zones. */ -}}
{{- define "oauth2d.topology" -}}
{{- $how := index . 2 -}}
{{- if ne $how "none" }}
{{- range $key := list "kubernetes.io/hostname" "topology.kubernetes.io/zone" }}
- maxSkew: 1
  topologyKey: {{ $key }}
  {{- if and (eq $how "hard") (eq $key "kubernetes.io/hostname") }}
  whenUnsatisfiable: DoNotSchedule
  # A node that is drained is not one that a pod is missing on.
  nodeTaintsPolicy: Honor
  {{- else }}
  whenUnsatisfiable: ScheduleAnyway
  {{- end }}
  labelSelector:
    matchLabels:
      {{- include "oauth2d.selector" (list (index $ 0) (index $ 1)) | nindent 6 }}
{{- end }}
{{- end }}
{{- end -}}

{{- /* The passwords and the TLS files of an external Redis. The volumes take (list . KEY), the key of the password. */ -}}
{{- define "oauth2d.externalRedisVolumes" -}}
{{- $key := index . 1 -}}
{{- with (index . 0).Values.redis.external }}
{{- if .passwordSecret }}
- name: redis-passwords
  secret:
    secretName: {{ .passwordSecret }}
    defaultMode: 0440
    items:
      - {key: {{ $key }}, path: password}
      {{- with .sentinelPasswordKey }}
      - {key: {{ . }}, path: sentinel-password}
      {{- end }}
{{- end }}
{{- if and .tls.enabled (or .tls.caSecret .tls.clientSecret) }}
- name: redis-tls
  projected:
    defaultMode: 0440
    sources:
      {{- with .tls.caSecret }}
      - secret:
          name: {{ . }}
          items:
            - {key: ca.crt, path: ca.crt}
      {{- end }}
      {{- with .tls.clientSecret }}
      - secret:
          name: {{ . }}
          items:
            - {key: tls.crt, path: tls.crt}
            - {key: tls.key, path: tls.key}
      {{- end }}
{{- end }}
{{- end }}
{{- end -}}

{{- define "oauth2d.externalRedisMounts" -}}
{{- with .Values.redis.external }}
{{- if .passwordSecret }}
- {name: redis-passwords, mountPath: /run/secrets/redis, readOnly: true}
{{- end }}
{{- if and .tls.enabled (or .tls.caSecret .tls.clientSecret) }}
- {name: redis-tls, mountPath: /run/secrets/redis-tls, readOnly: true}
{{- end }}
{{- end }}
{{- end -}}

{{- /* Volumes of every pod that runs the daemon's binary. The mounts below belong to them. */ -}}
{{- define "oauth2d.daemonVolumes" -}}
- name: config
  configMap:
    name: {{ include "oauth2d.fullname" . }}
{{- if eq .Values.secrets.source "csi" }}
- name: secrets
  csi:
    driver: secrets-store.csi.k8s.io
    readOnly: true
    volumeAttributes:
      secretProviderClass: {{ .Values.secrets.csi.daemonClass }}
{{- else }}
- name: secrets
  projected:
    defaultMode: 0440
    sources:
      - secret:
          name: {{ include "oauth2d.daemonSecret" . }}
          items:
            - {key: master-key, path: master-key}
      {{- if include "oauth2d.ownRedis" . }}
      - secret:
          name: {{ include "oauth2d.redisSecret" . }}
          items:
            - {key: app-password, path: app-password}
            {{- if include "oauth2d.ha" . }}
            - {key: sentinel-password, path: sentinel-password}
            {{- end }}
      {{- end }}
{{- end }}
{{- if include "oauth2d.ownRedis" . }}
- name: redis-tls
  secret:
    secretName: {{ include "oauth2d.redisClientTLS" . }}
    defaultMode: 0440
{{- else }}
{{- include "oauth2d.externalRedisVolumes" (list . .Values.redis.external.passwordKey) }}
{{- end }}
{{- if .Values.tls.enabled }}
- name: tls
  secret:
    secretName: {{ include "oauth2d.publicTLS" . }}
    defaultMode: 0440
{{- end }}
{{- end -}}

{{- define "oauth2d.daemonMounts" -}}
- {name: config, mountPath: /etc/oauth2d, readOnly: true}
- {name: secrets, mountPath: /run/secrets/oauth2d, readOnly: true}
{{- if include "oauth2d.ownRedis" . }}
- {name: redis-tls, mountPath: /run/secrets/redis-tls, readOnly: true}
{{- else }}
{{- include "oauth2d.externalRedisMounts" . }}
{{- end }}
{{- if .Values.tls.enabled }}
- {name: tls, mountPath: /run/secrets/tls, readOnly: true}
{{- end }}
{{- end -}}

{{- /* A pod that runs a command of the binary, and its container up to the mounts. */ -}}
{{- define "oauth2d.toolPod" -}}
serviceAccountName: {{ include "oauth2d.serviceAccountName" . }}
automountServiceAccountToken: false
enableServiceLinks: false
{{- with .Values.imagePullSecrets }}
imagePullSecrets: {{ toJson . }}
{{- end }}
securityContext:
  {{- include "oauth2d.podSecurity" 65532 | nindent 2 }}
dnsConfig:
  {{- include "oauth2d.dnsConfig" . | nindent 2 }}
{{- with .Values.nodeSelector }}
nodeSelector: {{ toJson . }}
{{- end }}
{{- with .Values.tolerations }}
tolerations: {{ toJson . }}
{{- end }}
{{- end -}}

{{- define "oauth2d.toolContainer" -}}
env:
  - {name: OAUTH2D_CONFIG, value: /etc/oauth2d/oauth2d.yaml}
  {{- with .Values.extraEnv }}
  {{- toYaml . | nindent 2 }}
  {{- end }}
securityContext:
  {{- include "oauth2d.containerSecurity" . | nindent 2 }}
resources:
  requests: {cpu: 50m, memory: 64Mi}
  limits: {memory: 128Mi}
volumeMounts:
  {{- include "oauth2d.daemonMounts" . | nindent 2 }}
{{- end -}}
