package main

// redis shows the Sentinel group that holds the authorization state, from the exporters and from the servers.
func redis() dashboard {
	node := chosen("node", "Redis node", `label_values(redis_up{job="oauth2d-redis"}, instance)`)
	return dashboard{
		name: "redis", title: "Redis and durability", variables: []variable{daemons(), node},
		about: "Whether acknowledged changes are safe: master, replicas, Sentinels, append-only file, memory, and what the servers see of it.",
		rows: []row{
			{"Durability", redisDurability()}, {"Replication", redisReplication()}, {"Memory and disk", redisStorage()},
			{"Load of Redis", redisLoad()}, {"As the servers see it", redisCalls()},
		},
	}
}

func redisDurability() []view {
	return []view{
		number("Masters", "short", "Nodes that call themselves master. Exactly one is right.",
			q(`count(redis_instance_info{job="oauth2d-redis",role="master"}) or vector(0)`, "masters")).falling(1, 1).seeing("OAuth2dRedisMasterDown"),
		number("Replicas connected", "short", "Replicas that the master knows. Strict durability needs one of two.",
			q(`max(redis_connected_slaves{job="oauth2d-redis"})`, "replicas")).falling(1, 2).seeing("OAuth2dRedisReplicaMissing"),
		number("Sentinels", "short", "Sentinels that agree on the master. A failover needs a majority.",
			q(`max(redis_sentinel_master_ok_sentinels{job="oauth2d-sentinel"})`, "Sentinels")).falling(2, 3).seeing("OAuth2dSentinelDown"),
		number("Durability", "percentunit", "100%: each change is on a majority before it is acknowledged. 50%: degraded. 0%: no change is acknowledged.",
			q(`min(oauth2d_health{instance=~"$instance",part="durability"})`, "durability")).falling(0.5, 1).share().seeing("OAuth2dDurabilityDegraded"),
		number("Lost changes", "short", "How often acknowledged changes were found to be missing after a failover. It needs a double fault.",
			q(`max(oauth2d_redis_losses{instance=~"$instance"})`, "losses")).rising(1, 1).seeing("OAuth2dAcknowledgedChangesLost"),
		number("Evicted keys", "short", "Keys that Redis evicted for lack of memory. Each was a login, a token or a revocation.",
			q(`max(oauth2d_redis_evicted_keys{instance=~"$instance"})`, "keys")).rising(1, 1).seeing("OAuth2dRedisKeysEvicted"),
	}
}

func redisReplication() []view {
	return []view{
		curve("Nodes up", "short", "Whether the exporter reaches a node: 1 or 0.",
			q(`redis_up{job="oauth2d-redis",instance=~"$node"}`, "{{instance}}")).seeing("OAuth2dRedisNodeDown"),
		curve("Replica behind", "bytes", "How much of the replication stream a replica has not acknowledged yet.",
			q(`clamp_min(sum by (instance) (redis_master_repl_offset{job="oauth2d-redis",instance=~"$node"}) - on (instance) group_right () sum by (instance, slave_ip, slave_port) (redis_connected_slave_offset_bytes{job="oauth2d-redis",instance=~"$node"}), 0)`, "{{slave_ip}}:{{slave_port}}")).
			seeing("OAuth2dRedisReplicationLagHigh"),
		curve("Replica silent", "s", "The time since a replica last acknowledged the stream to the master: usually at most 1 s.",
			q(`redis_connected_slave_lag_seconds{job="oauth2d-redis",instance=~"$node"}`, "{{slave_ip}}:{{slave_port}}")).rising(5, 10).seeing("OAuth2dRedisReplicationLagHigh"),
		curve("Link to the master", "short", "Whether a replica is connected to the master: 1 or 0.",
			q(`redis_master_link_up{job="oauth2d-redis",instance=~"$node"}`, "{{instance}}")).seeing("OAuth2dRedisReplicaLinkDown"),
		curve("Full copies", "short", "Full copies of the data that a node made for a replica within an hour. Many of them mean that replication-backlog is too small.",
			q(`increase(redis_replica_resyncs_full{job="oauth2d-redis",instance=~"$node"}[1h])`, "{{instance}}")),
		list("Roles", "short", "The role of each node.",
			q(`sum by (instance, role, redis_version, maxmemory_policy) (redis_instance_info{job="oauth2d-redis",instance=~"$node"})`, "{{role}}")),
	}
}

func redisStorage() []view {
	return []view{
		curve("Memory", "percentunit", "Used memory as a share of maxmemory. At 100% new tokens get 503: Redis must not evict.",
			q(`redis_memory_used_bytes{job="oauth2d-redis",instance=~"$node"} / (redis_memory_max_bytes{job="oauth2d-redis",instance=~"$node"} > 0)`, "{{instance}}")).
			rising(0.8, 0.95).share().seeing("OAuth2dRedisMemoryHigh"),
		curve("Memory used", "bytes", "Memory that Redis uses for data and for itself.",
			q(`redis_memory_used_bytes{job="oauth2d-redis",instance=~"$node"}`, "{{instance}}")),
		curve("Keys", "short", "Keys of the authorization state: database 0.",
			q(`redis_db_keys{job="oauth2d-redis",instance=~"$node",db="db0"}`, "{{instance}}")),
		curve("Append-only file", "bytes", "Size of the append-only file. It falls when Redis rewrites it.",
			q(`redis_aof_current_size_bytes{job="oauth2d-redis",instance=~"$node"}`, "{{instance}}")),
		curve("Append-only file healthy", "short", "1: it is on, and the last write and the last rewrite succeeded. 0: changes are at risk; the disk may be full.",
			q(`redis_aof_enabled{job="oauth2d-redis",instance=~"$node"} * redis_aof_last_write_status{job="oauth2d-redis",instance=~"$node"} * redis_aof_last_bgrewrite_status{job="oauth2d-redis",instance=~"$node"}`, "{{instance}}")).
			seeing("OAuth2dRedisAppendOnlyFailed"),
		curve("Delayed writes to disk", "short", "Writes that waited for the disk within five minutes. A rise means that the disk is too slow.",
			q(`increase(redis_aof_delayed_fsync{job="oauth2d-redis",instance=~"$node"}[5m])`, "{{instance}}")),
	}
}

func redisLoad() []view {
	return []view{
		curve("Commands", "ops", "Commands that a node runs in a second.",
			q(`rate(redis_commands_processed_total{job="oauth2d-redis",instance=~"$node"}[$__rate_interval])`, "{{instance}}")),
		curve("Time of commands", "s", "The mean time of a command on a node, for the ten slowest.",
			q(`topk(10, sum by (cmd) (rate(redis_commands_duration_seconds_total{job="oauth2d-redis",instance=~"$node"}[$__rate_interval])) / (sum by (cmd) (rate(redis_commands_total{job="oauth2d-redis",instance=~"$node"}[$__rate_interval])) > 0))`, "{{cmd}}")),
		curve("Connections", "short", "Connections of callers to a node.",
			q(`redis_connected_clients{job="oauth2d-redis",instance=~"$node"}`, "{{instance}}")),
		curve("Processor time", "percentunit", "Processor time of a node. Redis runs commands on one core: near 100% it is saturated.",
			q(`rate(redis_cpu_user_seconds_total{job="oauth2d-redis",instance=~"$node"}[$__rate_interval]) + rate(redis_cpu_sys_seconds_total{job="oauth2d-redis",instance=~"$node"}[$__rate_interval])`, "{{instance}}")).rising(0.7, 0.9),
		curve("Network", "Bps", "Bytes that a node receives and sends in a second.",
			q(`rate(redis_net_input_bytes_total{job="oauth2d-redis",instance=~"$node"}[$__rate_interval])`, "{{instance}} received"),
			q(`rate(redis_net_output_bytes_total{job="oauth2d-redis",instance=~"$node"}[$__rate_interval])`, "{{instance}} sent")),
		curve("Refused connections and commands", "short", "Connections beyond maxclients and commands without permission within five minutes.",
			q(`increase(redis_rejected_connections_total{job="oauth2d-redis",instance=~"$node"}[5m])`, "{{instance}} connections"),
			q(`sum by (instance) (increase(redis_errors_total{job="oauth2d-redis",instance=~"$node",err="NOPERM"}[5m]))`, "{{instance}} NOPERM")),
	}
}

func redisCalls() []view {
	return []view{
		curve("Calls by verb", "ops", "Calls of the servers to Redis in a second, for the ten most frequent.",
			q(`topk(10, sum by (verb) (rate(oauth2d_redis_calls_total{instance=~"$instance"}[$__rate_interval])))`, "{{verb}}")),
		curve("Failed calls", "ops", "Calls in a second that did not succeed. Callers get 503 for them.",
			q(`sum by (result) (rate(oauth2d_redis_calls_total{instance=~"$instance",result!="ok"}[$__rate_interval])) or sum by (result) (rate(oauth2d_redis_calls_total{instance=~"$instance"}[$__rate_interval]) * 0)`, "{{result}}")).
			seeing("OAuth2dRedisChangesRefused"),
		curve("Time of calls", "s", "The time within which 99 of 100 calls are done, for the ten slowest verbs. It includes the acknowledgement of the replicas.",
			q(`topk(10, histogram_quantile(0.99, sum by (le, verb) (rate(oauth2d_redis_call_duration_seconds_bucket{instance=~"$instance"}[$__rate_interval]))))`, "{{verb}}")),
	}
}
