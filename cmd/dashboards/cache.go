package main

// cache shows the Redis of the services' cache.
func cache() dashboard {
	return dashboard{
		name: "cache", title: "Service cache",
		variables: []variable{chosen("instance", "Cache node", `label_values(redis_up{job="oauth2d-cache"}, instance)`)},
		about:     "The Redis of the services' cache: how many reads it answers, how fast, and how full it is. Entries may be evicted; sign-in does not depend on it.",
		rows:      []row{{"Now", cacheNow()}, {"Reads and writes", cacheReads()}, {"Space", cacheSpace()}, {"Connections", cacheConnections()}},
	}
}

const cacheNodes = `{job="oauth2d-cache",instance=~"$instance"}`

func cacheNow() []view {
	return []view{
		number("Nodes up", "short", "Cache nodes that the exporter reaches. Without them services ask their own source, and are slower.",
			q(`sum(redis_up`+cacheNodes+`)`, "up")).falling(1, 1).seeing("OAuth2dCacheDown"),
		number("Hit ratio", "percentunit", "The share of reads that found an entry.",
			q(`sum(rate(redis_keyspace_hits_total`+cacheNodes+`[$__rate_interval])) / (sum(rate(redis_keyspace_hits_total`+cacheNodes+`[$__rate_interval])) + sum(rate(redis_keyspace_misses_total`+cacheNodes+`[$__rate_interval])))`, "hits")).
			falling(0.5, 0.8).share().seeing("OAuth2dCacheHitRatioLow"),
		number("Full", "percentunit", "Used memory as a share of maxmemory. A full cache evicts what was read least recently.",
			q(`max(redis_memory_used_bytes`+cacheNodes+` / (redis_memory_max_bytes`+cacheNodes+` > 0))`, "full")).rising(0.9, 0.98).share().seeing("OAuth2dCacheEvicting"),
		number("Entries", "short", "Entries of the cache.",
			q(`sum(redis_db_keys`+cacheNodes+`)`, "entries")),
		number("Evicted", "cps", "Entries that are evicted in a second because the cache is full.",
			q(`sum(rate(redis_evicted_keys_total`+cacheNodes+`[$__rate_interval]))`, "evicted")).seeing("OAuth2dCacheEvicting"),
		number("Commands", "ops", "Commands in a second.",
			q(`sum(rate(redis_commands_processed_total`+cacheNodes+`[$__rate_interval]))`, "commands")),
	}
}

func cacheReads() []view {
	return []view{
		curve("Hits and misses", "ops", "Reads in a second that found an entry, and that found none.",
			q(`sum(rate(redis_keyspace_hits_total`+cacheNodes+`[$__rate_interval]))`, "hits"),
			q(`sum(rate(redis_keyspace_misses_total`+cacheNodes+`[$__rate_interval]))`, "misses")).stack().seeing("OAuth2dCacheHitRatioLow"),
		curve("Hit ratio", "percentunit", "The share of reads that found an entry, by node. It falls after a restart, and when services write more than fits.",
			q(`rate(redis_keyspace_hits_total`+cacheNodes+`[$__rate_interval]) / (rate(redis_keyspace_hits_total`+cacheNodes+`[$__rate_interval]) + rate(redis_keyspace_misses_total`+cacheNodes+`[$__rate_interval]))`, "{{instance}}")).
			share().seeing("OAuth2dCacheHitRatioLow"),
		curve("Commands", "ops", "Commands in a second, for the ten most frequent.",
			q(`topk(10, sum by (cmd) (rate(redis_commands_total`+cacheNodes+`[$__rate_interval])))`, "{{cmd}}")),
		curve("Time of commands", "s", "The mean time of a command in Redis, for the ten slowest.",
			q(`topk(10, sum by (cmd) (rate(redis_commands_duration_seconds_total`+cacheNodes+`[$__rate_interval])) / (sum by (cmd) (rate(redis_commands_total`+cacheNodes+`[$__rate_interval])) > 0))`, "{{cmd}}")).
			seeing("OAuth2dCacheLatencyHigh"),
		curve("Slow commands", "short", "Commands in the slow log of a node.",
			q(`redis_slowlog_length`+cacheNodes, "{{instance}}")),
		curve("Refused commands", "short", "Commands within five minutes that a service had no right to, or that found no memory.",
			q(`sum by (err) (increase(redis_errors_total`+cacheNodes+`[5m])) or sum by (err) (label_replace(redis_up`+cacheNodes+` * 0, "err", "none", "", ""))`, "{{err}}")),
	}
}

func cacheSpace() []view {
	return []view{
		curve("Memory", "bytes", "Memory that the cache uses, and its limit.",
			q(`redis_memory_used_bytes`+cacheNodes, "{{instance}} used"),
			q(`redis_memory_max_bytes`+cacheNodes, "{{instance}} limit")).seeing("OAuth2dCacheEvicting"),
		curve("Entries", "short", "Entries of a node, and how many of them expire by themselves.",
			q(`sum by (instance) (redis_db_keys`+cacheNodes+`)`, "{{instance}} all"),
			q(`sum by (instance) (redis_db_keys_expiring`+cacheNodes+`)`, "{{instance}} expiring")),
		curve("Evicted and expired", "cps", "Entries that are evicted and that expire in a second.",
			q(`rate(redis_evicted_keys_total`+cacheNodes+`[$__rate_interval])`, "{{instance}} evicted"),
			q(`rate(redis_expired_keys_total`+cacheNodes+`[$__rate_interval])`, "{{instance}} expired")).seeing("OAuth2dCacheEvicting"),
		curve("Fragmentation", "short", "Memory that the process holds in relation to the memory that entries need. Above 1.5 much of it is lost.",
			q(`redis_mem_fragmentation_ratio`+cacheNodes, "{{instance}}")),
	}
}

func cacheConnections() []view {
	return []view{
		curve("Connections", "short", "Connections of services to the cache.",
			q(`redis_connected_clients`+cacheNodes, "{{instance}}")),
		curve("Network", "Bps", "Bytes that the cache receives and sends in a second.",
			q(`rate(redis_net_input_bytes_total`+cacheNodes+`[$__rate_interval])`, "{{instance}} received"),
			q(`rate(redis_net_output_bytes_total`+cacheNodes+`[$__rate_interval])`, "{{instance}} sent")),
		list("Nodes", "short", "Version and eviction policy of each node. allkeys-lru is right for the cache alone.",
			q(`sum by (instance, redis_version, maxmemory_policy) (redis_instance_info`+cacheNodes+`)`, "{{redis_version}}")),
	}
}
