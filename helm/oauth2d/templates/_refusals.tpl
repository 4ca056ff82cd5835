{{- /* Combinations that the schema cannot refuse, and what only the cluster knows: one line each, before anything changes. */ -}}
{{- define "oauth2d.refusals" -}}
{{- if not .Values.issuer -}}
{{- fail "issuer is not set: --set issuer=https://login.example.com" -}}
{{- end -}}
{{- if not (regexMatch "^https://[^\\s/?#@]+(/[^\\s?#]*[^\\s?#/])?$" .Values.issuer) -}}
{{- fail (printf "issuer %s is not a public base URL: https, without query, fragment and trailing slash" .Values.issuer) -}}
{{- end -}}
{{- if and (or .Values.ingress.enabled .Values.httpRoute.enabled) (not (regexMatch "^([-a-z0-9]+\\.)*[-a-z0-9]*[a-z][-a-z0-9]*$" (include "oauth2d.issuerHost" .))) -}}
{{- fail (printf "ingress.enabled and httpRoute.enabled need an issuer with a DNS name, not %s" .Values.issuer) -}}
{{- end -}}
{{- include "oauth2d.refuseNumbers" . -}}
{{- include "oauth2d.refuseTLS" . -}}
{{- include "oauth2d.refuseRedis" . -}}
{{- include "oauth2d.refuseSecrets" . -}}
{{- include "oauth2d.refuseClients" . -}}
{{- include "oauth2d.refuseBackup" . -}}
{{- include "oauth2d.refuseMonitoring" . -}}
{{- include "oauth2d.refuseChanges" . -}}
{{- end -}}

{{- define "oauth2d.refuseNumbers" -}}
{{- $least := int (ternary .Values.autoscaling.minReplicas .Values.replicas .Values.autoscaling.enabled) -}}
{{- if and .Values.podDisruptionBudget.enabled (lt $least 2) -}}
{{- fail (printf "podDisruptionBudget.enabled needs two daemons or more, and there may be %d: raise %s, or set podDisruptionBudget.enabled=false" $least (ternary "autoscaling.minReplicas" "replicas" .Values.autoscaling.enabled)) -}}
{{- end -}}
{{- if gt (int .Values.autoscaling.minReplicas) (int .Values.autoscaling.maxReplicas) -}}
{{- fail "autoscaling.minReplicas is greater than autoscaling.maxReplicas" -}}
{{- end -}}
{{- if include "oauth2d.ownRedis" . -}}
{{- include "oauth2d.refuseMemory" (list "redis" .Values.redis) -}}
{{- if .Values.redis.cache.enabled -}}
{{- include "oauth2d.refuseMemory" (list "redis.cache" .Values.redis.cache) -}}
{{- end -}}
{{- end -}}
{{- end -}}

{{- /* oauth2d.refuseMemory takes (list PATH VALUES): Redis must be full before the kernel kills it. */ -}}
{{- define "oauth2d.refuseMemory" -}}
{{- $limit := ((index . 1).resources.limits | default dict).memory -}}
{{- $max := (index . 1).maxmemory -}}
{{- if eq (include "oauth2d.bytes" $max) "0" -}}
{{- fail (printf "%s.maxmemory 0 would let Redis grow until it is killed: set the size of its data" (index . 0)) -}}
{{- end -}}
{{- if and $limit (ge (include "oauth2d.bytes" $max | float64) (include "oauth2d.bytes" $limit | float64)) -}}
{{- fail (printf "%s.maxmemory %s does not fit into %s.resources.limits.memory %s: Redis would be killed instead of refusing writes; a limit of three times as much has room for copies" (index . 0) $max (index . 0) $limit) -}}
{{- end -}}
{{- end -}}

{{- define "oauth2d.refuseTLS" -}}
{{- with .Values.tls -}}
{{- if and .enabled (not .secretName) (not .certManager.enabled) -}}
{{- fail "tls.enabled needs a certificate: set tls.secretName, or tls.certManager.enabled with tls.certManager.issuerRef" -}}
{{- end -}}
{{- if and .certManager.enabled (not .enabled) -}}
{{- fail "tls.certManager.enabled has no effect without tls.enabled" -}}
{{- end -}}
{{- if and .certManager.enabled (not .certManager.issuerRef.name) -}}
{{- fail "tls.certManager.enabled needs tls.certManager.issuerRef.name" -}}
{{- end -}}
{{- end -}}
{{- if and .Values.httpRoute.enabled (not .Values.httpRoute.parentRefs) -}}
{{- fail "httpRoute.enabled needs httpRoute.parentRefs: the gateway" -}}
{{- end -}}
{{- end -}}

{{- define "oauth2d.refuseRedis" -}}
{{- $r := .Values.redis -}}
{{- if eq $r.mode "external" -}}
{{- if not $r.external.addrs -}}
{{- fail "redis.mode external needs redis.external.addrs: host:port of the Sentinels, of the server, or of cluster nodes" -}}
{{- end -}}
{{- if and (eq $r.durability "strict") (eq $r.external.kind "standalone") -}}
{{- fail "redis.durability strict needs replicas that can take over: it cannot be had from a single external Redis; use redis.external.kind sentinel or cluster, or redis.durability relaxed" -}}
{{- end -}}
{{- if and (eq $r.external.kind "cluster") (ne (int $r.external.db) 0) -}}
{{- fail "redis.external.db must be 0 in a cluster" -}}
{{- end -}}
{{- if and $r.external.sentinelPasswordKey (not $r.external.passwordSecret) -}}
{{- fail "redis.external.sentinelPasswordKey is a key of redis.external.passwordSecret, which is not set" -}}
{{- end -}}
{{- if and (not $r.external.tls.enabled) (or $r.external.tls.caSecret $r.external.tls.clientSecret) -}}
{{- fail "redis.external.tls has Secrets and is not enabled: set redis.external.tls.enabled=true" -}}
{{- end -}}
{{- if $r.cache.enabled -}}
{{- fail "redis.cache.enabled deploys a Redis, and redis.mode external deploys none: set redis.cache.enabled=false" -}}
{{- end -}}
{{- else -}}
{{- if $r.external.addrs -}}
{{- fail (printf "redis.external.addrs is set and redis.mode is %s: set redis.mode=external, or remove the addresses" $r.mode) -}}
{{- end -}}
{{- if and (eq $r.mode "standalone") (eq $r.durability "strict") -}}
{{- fail "redis.durability strict needs replicas that can take over: use redis.mode ha, or redis.durability relaxed" -}}
{{- end -}}
{{- if and (eq $r.tls.source "existing") (not (and $r.tls.serverSecret $r.tls.clientSecret)) -}}
{{- fail "redis.tls.source existing needs redis.tls.serverSecret and redis.tls.clientSecret: Secrets with ca.crt, tls.crt and tls.key" -}}
{{- end -}}
{{- if and (eq $r.tls.source "certManager") (not $r.tls.certManager.issuerRef.name) -}}
{{- fail "redis.tls.source certManager needs redis.tls.certManager.issuerRef.name: an issuer of a private authority" -}}
{{- end -}}
{{- end -}}
{{- end -}}

{{- define "oauth2d.refuseSecrets" -}}
{{- $s := .Values.secrets -}}
{{- $own := include "oauth2d.ownRedis" . -}}
{{- if eq $s.source "externalSecrets" -}}
{{- if not (and $s.externalSecrets.storeRef.name $s.externalSecrets.daemonKey) -}}
{{- fail "secrets.source externalSecrets needs secrets.externalSecrets.storeRef.name and secrets.externalSecrets.daemonKey" -}}
{{- end -}}
{{- if and $own (not $s.externalSecrets.redisKey) -}}
{{- fail "secrets.source externalSecrets needs secrets.externalSecrets.redisKey" -}}
{{- end -}}
{{- else if eq $s.source "csi" -}}
{{- if or (not $s.csi.daemonClass) (and $own (not $s.csi.redisClass)) -}}
{{- fail "secrets.source csi needs secrets.csi.daemonClass and secrets.csi.redisClass: SecretProviderClasses" -}}
{{- end -}}
{{- else -}}
{{- include "oauth2d.refuseSecret" (list . (include "oauth2d.daemonSecret" .) (list "master-key")) -}}
{{- if $own -}}
{{- include "oauth2d.refuseSecret" (list . (include "oauth2d.redisSecret" .) (include "oauth2d.passwordKeys" . | fromJsonArray)) -}}
{{- end -}}
{{- end -}}
{{- if and $own (ne .Values.redis.tls.source "certManager") -}}
{{- $names := list (include "oauth2d.redisServerTLS" .) (include "oauth2d.redisClientTLS" .) -}}
{{- $found := list -}}
{{- range $names }}{{ if lookup "v1" "Secret" $.Release.Namespace . }}{{ $found = append $found . }}{{ end }}{{ end -}}
{{- if and (eq .Values.redis.tls.source "generated") (eq (len $found) 1) -}}
{{- fail (printf "of the Secrets %s only %s exists, and both have certificates of one authority: restore the other, or delete this one and restart Redis, to get new certificates" (join " and " $names) (first $found)) -}}
{{- end -}}
{{- range $names -}}
{{- include "oauth2d.refuseSecret" (list $ . (list "ca.crt" "tls.crt" "tls.key")) -}}
{{- end -}}
{{- end -}}
{{- end -}}

{{- /* oauth2d.refuseSecret takes (list . NAME KEYS). A Secret that is there must be complete; one that must be there, is. */ -}}
{{- define "oauth2d.refuseSecret" -}}
{{- $root := index . 0 -}}
{{- $name := index . 1 -}}
{{- $secret := lookup "v1" "Secret" $root.Release.Namespace $name -}}
{{- if $secret -}}
{{- range index . 2 -}}
{{- if not (get ($secret.data | default dict) .) -}}
{{- fail (printf "the Secret %s in the namespace %s lacks the key %s" $name $root.Release.Namespace .) -}}
{{- end -}}
{{- end -}}
{{- else if include "oauth2d.connected" $root -}}
{{- $tls := has "ca.crt" (index . 2) -}}
{{- if eq (ternary $root.Values.redis.tls.source $root.Values.secrets.source $tls) "existing" -}}
{{- fail (printf "the Secret %s does not exist in the namespace %s: create it first, with the keys %s" $name $root.Release.Namespace (join ", " (index . 2))) -}}
{{- end -}}
{{- if include "oauth2d.ownRedis" $root -}}
{{- $claim := printf "data-%s-redis-0" (include "oauth2d.fullname" $root) -}}
{{- if and (not $tls) (lookup "v1" "PersistentVolumeClaim" $root.Release.Namespace $claim) -}}
{{- fail (printf "the Secret %s is gone, but the data that belongs to it is there (claim %s): restore the Secret, or delete the claims to begin anew" $name $claim) -}}
{{- end -}}
{{- end -}}
{{- end -}}
{{- end -}}

{{- define "oauth2d.refuseClients" -}}
{{- $c := .Values.clients -}}
{{- range $c.declared -}}
{{- if hasKey . "client_secret_hash" -}}
{{- fail (printf "client %s: client_secret_hash would be readable in the manifest: put the secret into the Secret clients.secretName, and set client_secret_file to its key" .client_id) -}}
{{- end -}}
{{- if and (ne (.token_endpoint_auth_method | default "") "none") (not .client_secret_file) -}}
{{- fail (printf "client %s: client_secret_file is not set: name a key of the Secret clients.secretName, or set token_endpoint_auth_method: none" .client_id) -}}
{{- end -}}
{{- if and .client_secret_file (not $c.secretName) -}}
{{- fail (printf "client %s: client_secret_file needs clients.secretName: the Secret that has the key %s" .client_id .client_secret_file) -}}
{{- end -}}
{{- if contains "/" (.client_secret_file | default "") -}}
{{- fail (printf "client %s: client_secret_file is a key of the Secret clients.secretName, not a path" .client_id) -}}
{{- end -}}
{{- end -}}
{{- if and $c.prune (not $c.declared) -}}
{{- fail "clients.prune would delete every client, because clients.declared is empty" -}}
{{- end -}}
{{- end -}}

{{- /* What an upgrade must not change under the running group. */ -}}
{{- define "oauth2d.refuseChanges" -}}
{{- $ns := .Release.Namespace -}}
{{- $live := dict -}}
{{- if .Release.IsUpgrade -}}
{{- $live = lookup "apps/v1" "StatefulSet" $ns (printf "%s-redis" (include "oauth2d.fullname" .)) -}}
{{- end -}}
{{- if and $live (include "oauth2d.ownRedis" .) -}}
{{- $kind := index ($live.metadata.labels | default dict) "oauth2d/redis-kind" | default "group" -}}
{{- if ne $kind (ternary "group" "standalone" (eq .Values.redis.mode "ha")) -}}
{{- fail (printf "redis.mode cannot change to %s in an upgrade: the node that stays may lack the last writes; install a new release and restore a backup into it" .Values.redis.mode) -}}
{{- end -}}
{{- if eq $kind "group" -}}
{{- $names := dict "MASTER_NAME" (list "redis.masterName" .Values.redis.masterName) "REDIS_ANNOUNCE_HOST" (list "clusterDomain" (include "oauth2d.nodeHost" (list . "$(POD_NAME)"))) -}}
{{- range (first ($live.spec.template.spec.containers | default (list dict))).env -}}
{{- $want := get $names .name -}}
{{- if and $want (ne .value (index $want 1)) -}}
{{- fail (printf "%s cannot change in an upgrade: the Sentinels remember the master under the names of before (%s)" (index $want 0) .value) -}}
{{- end -}}
{{- end -}}
{{- end -}}
{{- if and (eq $kind "group") (lt (add1 (int .Values.redis.replicas)) (int $live.spec.replicas)) -}}
{{- fail (printf "redis.replicas can shrink by one in an upgrade, and not from %d to %d: the nodes stop at the same time, and may be the only ones with the last writes" (int $live.spec.replicas) (int .Values.redis.replicas)) -}}
{{- end -}}
{{- include "oauth2d.refuseClaim" (list "redis.persistence" .Values.redis.persistence.enabled .Values.redis.persistence.size .Values.redis.persistence.storageClass $live) -}}
{{- $sentinel := lookup "apps/v1" "StatefulSet" $ns (printf "%s-sentinel" (include "oauth2d.fullname" .)) -}}
{{- if and $sentinel (include "oauth2d.ha" .) -}}
{{- $was := int $sentinel.spec.replicas -}}
{{- if lt (int .Values.redis.sentinel.replicas) $was -}}
{{- fail (printf "redis.sentinel.replicas cannot shrink from %d in an upgrade: a Sentinel that is gone still counts for the majority of votes" $was) -}}
{{- end -}}
{{- include "oauth2d.refuseClaim" (list "redis.sentinel.persistence" .Values.redis.persistence.enabled .Values.redis.sentinel.persistence.size .Values.redis.persistence.storageClass $sentinel) -}}
{{- end -}}
{{- range $live.spec.template.spec.volumes -}}
{{- if and (eq .name "passwords") .secret (ne $.Values.secrets.source "csi") -}}
{{- $old := lookup "v1" "Secret" $ns .secret.secretName -}}
{{- $new := lookup "v1" "Secret" $ns (include "oauth2d.redisSecret" $) -}}
{{- if and $old $new -}}
{{- range include "oauth2d.passwordKeys" $ | fromJsonArray -}}
{{- if ne (get $old.data .) (get $new.data .) -}}
{{- fail (printf "the upgrade would change the passwords of Redis (%s differs between the Secrets %s and %s), and nodes with different passwords cannot copy from each other: give the new Secret the same passwords" . $old.metadata.name $new.metadata.name) -}}
{{- end -}}
{{- end -}}
{{- end -}}
{{- end -}}
{{- end -}}
{{- end -}}
{{- end -}}

{{- /* oauth2d.refuseClaim takes (list PATH ENABLED SIZE CLASS STATEFULSET). Kubernetes lets nobody change these. */ -}}
{{- define "oauth2d.refuseClaim" -}}
{{- $path := index . 0 -}}
{{- $claim := ((index . 4).spec.volumeClaimTemplates | default list) | first | default dict -}}
{{- if ne (not $claim) (not (index . 1)) -}}
{{- fail "redis.persistence.enabled cannot change in an upgrade: Kubernetes refuses it; install a new release and restore a backup into it" -}}
{{- end -}}
{{- if $claim -}}
{{- $size := $claim.spec.resources.requests.storage -}}
{{- if ne (include "oauth2d.bytes" $size | float64) (include "oauth2d.bytes" (index . 2) | float64) -}}
{{- fail (printf "%s.size is %s and cannot become %s in an upgrade: docs/deployment.md says how to grow the volumes; until then set %s.size=%s" $path $size (index . 2) $path $size) -}}
{{- end -}}
{{- if and (index . 3) (ne (index . 3) ($claim.spec.storageClassName | default "")) -}}
{{- fail (printf "redis.persistence.storageClass cannot change to %s in an upgrade: Kubernetes refuses it; install a new release and restore a backup into it" (index . 3)) -}}
{{- end -}}
{{- end -}}
{{- end -}}

{{- define "oauth2d.refuseBackup" -}}
{{- $b := .Values.backup -}}
{{- if or $b.auth.enabled $b.cache.enabled -}}
{{- if not $b.destination -}}
{{- fail "backup.destination is not set: name a bucket, such as s3://backups/oauth2d?region=eu-central-1, or /backups with backup.existingClaim" -}}
{{- end -}}
{{- if eq (empty $b.recipients) (not $b.noEncryption) -}}
{{- fail "backup: an archive holds secrets: set backup.recipients (oauth2d backup keygen makes one), or backup.noEncryption=true, and not both" -}}
{{- end -}}
{{- range $place := list $b.destination $b.second -}}
{{- if and $place (not (contains "://" $place)) (not (and $b.existingClaim (regexMatch "^/backups(/|$)" $place))) -}}
{{- fail (printf "backup: %s is a folder of the pod and is lost with it: use /backups with backup.existingClaim, or a bucket" $place) -}}
{{- end -}}
{{- end -}}
{{- if and $b.second (eq $b.second $b.destination) -}}
{{- fail "backup.second is the same place as backup.destination" -}}
{{- end -}}
{{- if and $b.cache.enabled (not $b.cache.source) (not (and (include "oauth2d.ownRedis" .) .Values.redis.cache.enabled)) -}}
{{- fail "backup.cache.enabled needs redis.cache.enabled, or backup.cache.source with the HOST:PORT of the cache" -}}
{{- end -}}
{{- end -}}
{{- end -}}
