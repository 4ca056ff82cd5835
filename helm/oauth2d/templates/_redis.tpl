{{- /* The passwords as files, and the variables that name them. Both take (list . KEY...). */ -}}
{{- define "oauth2d.passwordVolume" -}}
{{- $root := index . 0 -}}
{{- if eq $root.Values.secrets.source "csi" }}
- name: passwords
  csi:
    driver: secrets-store.csi.k8s.io
    readOnly: true
    volumeAttributes:
      secretProviderClass: {{ $root.Values.secrets.csi.redisClass }}
{{- else }}
- name: passwords
  secret:
    secretName: {{ include "oauth2d.redisSecret" $root }}
    defaultMode: 0440
    items:
      {{- range rest . }}
      - {key: {{ . }}-password, path: {{ . }}-password}
      {{- end }}
{{- end }}
{{- end -}}

{{- define "oauth2d.passwordEnv" -}}
{{- range rest . }}
- {name: {{ upper . }}_PASSWORD_FILE, value: /run/secrets/passwords/{{ . }}-password}
{{- end }}
{{- end -}}

{{- define "oauth2d.redisTLSEnv" -}}
- {name: TLS_CA_FILE, value: /run/secrets/tls/ca.crt}
- {name: TLS_CERT_FILE, value: /run/secrets/tls/tls.crt}
- {name: TLS_KEY_FILE, value: /run/secrets/tls/tls.key}
{{- end -}}

{{- define "oauth2d.scriptVolumes" -}}
- name: scripts
  configMap:
    name: {{ include "oauth2d.fullname" . }}-redis-scripts
    defaultMode: 0555
    items:
      {{- range $path, $_ := .Files.Glob "files/redis/**" }}
      {{- $path = trimPrefix "files/redis/" $path }}
      - {key: {{ base $path }}, path: {{ $path }}}
      {{- end }}
- name: tls
  secret:
    secretName: {{ include "oauth2d.redisServerTLS" . }}
    defaultMode: 0440
- name: tmp
  emptyDir:
    medium: Memory
    sizeLimit: 16Mi
{{- end -}}

{{- define "oauth2d.scriptMounts" -}}
- {name: scripts, mountPath: /opt/redis, readOnly: true}
- {name: passwords, mountPath: /run/secrets/passwords, readOnly: true}
- {name: tls, mountPath: /run/secrets/tls, readOnly: true}
- {name: tmp, mountPath: /tmp}
- {name: data, mountPath: /data}
{{- end -}}

{{- define "oauth2d.redisChecksum" -}}
{{- range $path, $_ := .Files.Glob "files/redis/**" }}{{ $.Files.Get $path }}{{ end -}}
{{- end -}}

{{- /* oauth2d.probe takes the word for probe.sh. */ -}}
{{- define "oauth2d.probe" -}}
exec:
  command: [/opt/redis/bin/probe.sh, {{ . }}]
timeoutSeconds: 5
{{- end -}}

{{- /* oauth2d.claim takes (list . SIZE): the volume claim of a StatefulSet. */ -}}
{{- define "oauth2d.claim" -}}
{{- $root := index . 0 -}}
- apiVersion: v1
  kind: PersistentVolumeClaim
  metadata:
    name: data
    labels:
      app.kubernetes.io/name: {{ include "oauth2d.name" $root }}
      app.kubernetes.io/instance: {{ $root.Release.Name }}
  spec:
    accessModes: [ReadWriteOnce]
    {{- with $root.Values.redis.persistence.storageClass }}
    storageClassName: {{ . }}
    {{- end }}
    resources:
      requests:
        storage: {{ index . 1 }}
{{- end -}}

{{- /* oauth2d.redisStatefulSet takes (list . COMPONENT KIND REPLICAS MAXMEMORY RESOURCES PERSISTENT). */ -}}
{{- define "oauth2d.redisStatefulSet" -}}
{{- $root := index . 0 -}}
{{- $component := index . 1 -}}
{{- $kind := index . 2 -}}
{{- $name := printf "%s-%s" (include "oauth2d.fullname" $root) $component -}}
{{- $users := list "admin" "replication" "app" "cache" "monitor" "cleanup" "backup" -}}
{{- if eq $kind "group" }}{{ $users = append $users "sentinel" }}{{ end -}}
{{- $keys := prepend $users $root -}}
apiVersion: apps/v1
kind: StatefulSet
metadata:
  name: {{ $name }}
  labels:
    {{- include "oauth2d.labels" (list $root $component) | nindent 4 }}
    oauth2d/redis-kind: {{ $kind }}
spec:
  serviceName: {{ $name }}
  replicas: {{ index . 3 }}
  # The replicas wait for the Sentinels, and the Sentinels for the first master: none can wait for another's readiness.
  podManagementPolicy: Parallel
  # An update restarts the next node when the Sentinels know that this one is back: they ask every 10 s.
  minReadySeconds: {{ ternary 15 0 (eq $kind "group") }}
  selector:
    matchLabels:
      {{- include "oauth2d.selector" (list $root $component) | nindent 6 }}
  template:
    metadata:
      labels:
        {{- include "oauth2d.podLabels" (list $root $component) | nindent 8 }}
      annotations:
        checksum/scripts: {{ include "oauth2d.redisChecksum" $root | sha256sum }}
        {{- with $root.Values.redis.podAnnotations }}
        {{- toYaml . | nindent 8 }}
        {{- end }}
    spec:
      serviceAccountName: {{ include "oauth2d.serviceAccountName" $root }}
      automountServiceAccountToken: false
      enableServiceLinks: false
      {{- with $root.Values.imagePullSecrets }}
      imagePullSecrets: {{ toJson . }}
      {{- end }}
      {{- with $root.Values.redis.priorityClassName }}
      priorityClassName: {{ . }}
      {{- end }}
      # shutdown-timeout in redis.conf is 10 s: a master waits that long for its replicas.
      terminationGracePeriodSeconds: 30
      securityContext:
        {{- include "oauth2d.podSecurity" 999 | nindent 8 }}
      dnsConfig:
        {{- include "oauth2d.dnsConfig" $root | nindent 8 }}
      {{- with $root.Values.redis.nodeSelector }}
      nodeSelector: {{ toJson . }}
      {{- end }}
      {{- with $root.Values.redis.tolerations }}
      tolerations: {{ toJson . }}
      {{- end }}
      {{- with include "oauth2d.antiAffinity" (list $root $component $root.Values.redis.antiAffinity) }}
      affinity:
        {{- . | nindent 8 }}
      {{- end }}
      {{- if ne $root.Values.redis.antiAffinity "none" }}
      topologySpreadConstraints:
        {{- include "oauth2d.topology" (list $root $component "soft") | nindent 8 }}
      {{- end }}
      containers:
        - name: redis
          image: {{ include "oauth2d.redisImage" $root }}
          imagePullPolicy: {{ $root.Values.redis.image.pullPolicy }}
          command: [/opt/redis/bin/start-redis.sh]
          env:
            - name: POD_NAME
              valueFrom:
                fieldRef:
                  fieldPath: metadata.name
            - {name: REDIS_KIND, value: {{ $kind }}}
            - {name: REDIS_DIR, value: /data}
            - {name: REDIS_ANNOUNCE_HOST, value: {{ ternary (printf "$(POD_NAME).%s" $name) "$(POD_NAME)" (eq $kind "cache") | list $root | include "oauth2d.nodeHost" }}}
            - {name: REDIS_MAXMEMORY, value: {{ index . 4 | quote }}}
            {{- if eq $kind "group" }}
            - {name: MASTER_NAME, value: {{ $root.Values.redis.masterName | quote }}}
            - {name: SENTINELS, value: {{ include "oauth2d.sentinels" $root | quote }}}
            # This node may start a new group. It cannot do harm later: see start-redis.sh.
            - {name: BOOTSTRAP, value: {{ include "oauth2d.firstRedis" $root | quote }}}
            {{- end }}
            {{- include "oauth2d.redisTLSEnv" $root | nindent 12 }}
            {{- include "oauth2d.passwordEnv" $keys | indent 12 }}
          ports:
            - {name: redis, containerPort: 6379, protocol: TCP}
          securityContext:
            {{- include "oauth2d.containerSecurity" $root | nindent 12 }}
          resources:
            {{- toYaml (index . 5) | nindent 12 }}
          livenessProbe:
            {{- include "oauth2d.probe" "live" | nindent 12 }}
            initialDelaySeconds: 10
            periodSeconds: 10
            failureThreshold: 6
          readinessProbe:
            {{- include "oauth2d.probe" "ready" | nindent 12 }}
            periodSeconds: 5
            failureThreshold: 2
          volumeMounts:
            {{- include "oauth2d.scriptMounts" $root | nindent 12 }}
      volumes:
        {{- include "oauth2d.scriptVolumes" $root | nindent 8 }}
        {{- include "oauth2d.passwordVolume" $keys | indent 8 }}
        {{- if not (index . 6) }}
        - name: data
          emptyDir: {}
        {{- end }}
  {{- if index . 6 }}
  volumeClaimTemplates:
    {{- include "oauth2d.claim" (list $root $root.Values.redis.persistence.size) | nindent 4 }}
  {{- end }}
{{- end -}}

{{- /* oauth2d.headless takes (list . COMPONENT PORT): the names of the pods of a StatefulSet. */ -}}
{{- define "oauth2d.headless" -}}
{{- $root := index . 0 -}}
apiVersion: v1
kind: Service
metadata:
  name: {{ include "oauth2d.fullname" $root }}-{{ index . 1 }}
  labels:
    {{- include "oauth2d.labels" (list $root (index . 1)) | nindent 4 }}
spec:
  clusterIP: None
  # A node has its name before it is ready: the Sentinels decide who is used, not the Service.
  publishNotReadyAddresses: true
  selector:
    {{- include "oauth2d.selector" (list $root (index . 1)) | nindent 4 }}
  ports:
    - {name: {{ index . 2 }}, port: {{ index . 3 }}, targetPort: {{ index . 2 }}, protocol: TCP}
{{- end -}}

{{- /* oauth2d.nodeServices takes (list . COMPONENT PORT NUMBER): for each pod of a StatefulSet a name and an address that outlive it. */ -}}
{{- define "oauth2d.nodeServices" -}}
{{- $root := index . 0 -}}
{{- $component := index . 1 -}}
{{- range $i := until (int (index . 3)) }}
{{- $pod := printf "%s-%s-%d" (include "oauth2d.fullname" $root) $component $i }}
---
apiVersion: v1
kind: Service
metadata:
  name: {{ $pod }}
  labels:
    {{- include "oauth2d.labels" (list $root $component) | nindent 4 }}
spec:
  type: ClusterIP
  publishNotReadyAddresses: true
  selector:
    {{- include "oauth2d.selector" (list $root $component) | nindent 4 }}
    statefulset.kubernetes.io/pod-name: {{ $pod }}
  ports:
    - {name: {{ $component }}, port: {{ index $ 2 }}, targetPort: {{ $component }}, protocol: TCP}
{{- end }}
{{- end -}}

{{- /* oauth2d.pdb takes (list . COMPONENT): one pod may be evicted at a time. */ -}}
{{- define "oauth2d.pdb" -}}
{{- $root := index . 0 -}}
apiVersion: policy/v1
kind: PodDisruptionBudget
metadata:
  name: {{ include "oauth2d.fullname" $root }}{{ if ne (index . 1) "daemon" }}-{{ index . 1 }}{{ end }}
  labels:
    {{- include "oauth2d.labels" (list $root (index . 1)) | nindent 4 }}
spec:
  maxUnavailable: 1
  {{- if and (eq (index . 1) "daemon") (semverCompare ">=1.27.0-0" $root.Capabilities.KubeVersion.Version) }}
  # While Redis is away no daemon is ready, and a node can be drained all the same.
  unhealthyPodEvictionPolicy: AlwaysAllow
  {{- end }}
  selector:
    matchLabels:
      {{- include "oauth2d.selector" (list $root (index . 1)) | nindent 6 }}
{{- end -}}
