{{- /* "yes" when exporters are deployed. */ -}}
{{- define "oauth2d.exporters" -}}
{{- if and .Values.monitoring.enabled .Values.monitoring.exporters.enabled (include "oauth2d.ownRedis" .) }}yes{{ end -}}
{{- end -}}

{{- define "oauth2d.exporterImage" -}}
{{- with .Values.monitoring.exporters.image -}}
{{- if .digest }}{{ printf "%s@%s" .repository .digest }}{{ else }}{{ printf "%s:%s" .repository .tag }}{{ end -}}
{{- end -}}
{{- end -}}

{{- /* oauth2d.monitorLabels are those of ServiceMonitors and PrometheusRules. */ -}}
{{- define "oauth2d.monitorLabels" -}}
{{ include "oauth2d.labels" (list . "monitoring") }}
{{- with .Values.monitoring.labels }}
{{ toYaml . }}
{{- end }}
{{- end -}}

{{- /* oauth2d.exporterContainer takes (list . KIND PORT): a container that runs start-exporter.sh. */ -}}
{{- define "oauth2d.exporterContainer" -}}
{{- $root := index . 0 -}}
{{- $kind := index . 1 -}}
{{- $port := index . 2 -}}
- name: {{ $kind }}
  image: {{ include "oauth2d.exporterImage" $root }}
  imagePullPolicy: {{ $root.Values.monitoring.exporters.image.pullPolicy }}
  command: [/bin/sh, /opt/exporter/start-exporter.sh, {{ $kind }}]
  env:
    - {name: EXPORTER_LISTEN, value: ":{{ $port }}"}
    {{- include "oauth2d.passwordEnv" (list $root (ternary "sentinel" "monitor" (eq $kind "sentinel"))) | indent 4 }}
    {{- include "oauth2d.redisTLSEnv" $root | nindent 4 }}
  ports:
    - {name: {{ $kind }}, containerPort: {{ $port }}, protocol: TCP}
  securityContext:
    {{- include "oauth2d.containerSecurity" $root | nindent 4 }}
  resources:
    {{- toYaml $root.Values.monitoring.exporters.resources | nindent 4 }}
  # It answers also while Redis does not: redis_up is 0 then.
  readinessProbe:
    httpGet: {path: /health, port: {{ $kind }}}
    periodSeconds: 10
  livenessProbe:
    httpGet: {path: /health, port: {{ $kind }}}
    periodSeconds: 20
    failureThreshold: 3
  volumeMounts:
    - {name: scripts, mountPath: /opt/exporter, readOnly: true}
    - {name: passwords, mountPath: /run/secrets/passwords, readOnly: true}
    - {name: tls, mountPath: /run/secrets/tls, readOnly: true}
{{- end -}}

{{- /* oauth2d.exporterDeployment takes (list . COMPONENT (list KIND PORT)...). */ -}}
{{- define "oauth2d.exporterDeployment" -}}
{{- $root := index . 0 -}}
{{- $component := index . 1 -}}
{{- $kinds := slice . 2 -}}
{{- $keys := list $root -}}
{{- range $kinds -}}
{{- $keys = append $keys (ternary "sentinel" "monitor" (eq (index . 0) "sentinel")) -}}
{{- end -}}
apiVersion: apps/v1
kind: Deployment
metadata:
  name: {{ include "oauth2d.fullname" $root }}-{{ $component }}
  labels:
    {{- include "oauth2d.labels" (list $root $component) | nindent 4 }}
spec:
  replicas: 1
  selector:
    matchLabels:
      {{- include "oauth2d.selector" (list $root $component) | nindent 6 }}
  template:
    metadata:
      labels:
        {{- include "oauth2d.podLabels" (list $root $component) | nindent 8 }}
      annotations:
        checksum/scripts: {{ $root.Files.Get "files/prometheus/bin/start-exporter.sh" | sha256sum }}
    spec:
      serviceAccountName: {{ include "oauth2d.serviceAccountName" $root }}
      automountServiceAccountToken: false
      enableServiceLinks: false
      {{- with $root.Values.imagePullSecrets }}
      imagePullSecrets: {{ toJson . }}
      {{- end }}
      securityContext:
        {{- include "oauth2d.podSecurity" 59000 | nindent 8 }}
      dnsConfig:
        {{- include "oauth2d.dnsConfig" $root | nindent 8 }}
      {{- with $root.Values.nodeSelector }}
      nodeSelector: {{ toJson . }}
      {{- end }}
      {{- with $root.Values.tolerations }}
      tolerations: {{ toJson . }}
      {{- end }}
      containers:
        {{- range $kinds }}
        {{- include "oauth2d.exporterContainer" (list $root (index . 0) (index . 1)) | nindent 8 }}
        {{- end }}
      volumes:
        - name: scripts
          configMap:
            name: {{ include "oauth2d.fullname" $root }}-exporter
            defaultMode: 0555
        - name: tls
          secret:
            secretName: {{ include "oauth2d.redisClientTLS" $root }}
            defaultMode: 0440
        {{- include "oauth2d.passwordVolume" $keys | indent 8 }}
---
apiVersion: v1
kind: Service
metadata:
  name: {{ include "oauth2d.fullname" $root }}-{{ $component }}
  labels:
    {{- include "oauth2d.labels" (list $root $component) | nindent 4 }}
spec:
  selector:
    {{- include "oauth2d.selector" (list $root $component) | nindent 4 }}
  ports:
    {{- range $kinds }}
    - {name: {{ index . 0 }}, port: {{ index . 1 }}, targetPort: {{ index . 0 }}, protocol: TCP}
    {{- end }}
{{- end -}}

{{- /* oauth2d.scrapes takes (list . PORTNAME JOB NODE...): an endpoint of a ServiceMonitor for each node. */ -}}
{{- define "oauth2d.scrapes" -}}
{{- $root := index . 0 -}}
{{- $port := index . 1 -}}
{{- $job := index . 2 -}}
{{- range slice . 3 }}
- port: {{ $port }}
  path: /scrape
  interval: {{ $root.Values.monitoring.interval }}
  params:
    target: ["rediss://{{ . }}"]
  relabelings:
    - {targetLabel: job, replacement: {{ $job }}}
    - {targetLabel: instance, replacement: "{{ . }}"}
    - {action: labeldrop, regex: pod|container|endpoint|service}
{{- end }}
{{- end -}}

{{- /* oauth2d.nodes takes (list . COMPONENT PORT COUNT) and returns their addresses as a JSON list. */ -}}
{{- define "oauth2d.nodes" -}}
{{- $root := index . 0 -}}
{{- $nodes := list -}}
{{- range $i := until (int (index . 3)) -}}
{{- $nodes = append $nodes (printf "%s:%d" (include "oauth2d.nodeHost" (list $root (printf "%s-%s-%d" (include "oauth2d.fullname" $root) (index $ 1) $i))) (int (index $ 2))) -}}
{{- end -}}
{{- toJson $nodes -}}
{{- end -}}

{{- define "oauth2d.refuseMonitoring" -}}
{{- with .Values.monitoring.alertmanager -}}
{{- if and .enabled .receivers -}}
{{- $names := list -}}
{{- range .receivers }}{{ $names = append $names .name }}{{ end -}}
{{- range $name := list "pager" "operators" "journal" "deadman" -}}
{{- if not (has $name $names) -}}
{{- fail (printf "monitoring.alertmanager.receivers has no %s: the routes need pager, operators, journal and deadman" $name) -}}
{{- end -}}
{{- end -}}
{{- end -}}
{{- if and .enabled (not $.Values.monitoring.enabled) -}}
{{- fail "monitoring.alertmanager.enabled needs monitoring.enabled" -}}
{{- end -}}
{{- end -}}
{{- end -}}
