package main

// overview is the page to open first: whether people can sign in, how fast, and what is due.
func overview() dashboard {
	return dashboard{
		name: "overview", title: "Overview", variables: []variable{daemons()},
		about: "Whether the servers answer, how fast and with how many errors, and what will be due soon.",
		rows: []row{
			{"Now", overviewNow()}, {"Requests", overviewRequests()}, {"Objectives", overviewObjectives()},
			{"Processes", overviewProcesses()}, {"Due", overviewDue()},
		},
	}
}

func overviewNow() []view {
	return []view{
		number("Daemons up", "short", "Servers that Prometheus can scrape. Each missing one leaves its share of the load to the others.",
			q(`sum(up{job="oauth2d",instance=~"$instance"})`, "up")).seeing("OAuth2dDaemonDown"),
		number("Health", "percentunit", "The least healthy part of any server: 100% is healthy, 50% degraded, 0% down.",
			q(`min by (part) (oauth2d_health{instance=~"$instance"})`, "{{part}}")).falling(0.5, 1).share().seeing("OAuth2dHealthDegraded"),
		number("Requests", "reqps", "Requests that all chosen servers answer in a second.",
			q(`sum(rate(oauth2d_http_requests_total{instance=~"$instance"}[$__rate_interval]))`, "requests")),
		number("Server errors", "percentunit", "The share of requests that were answered with a status of 500 or more. Callers see 503 while Redis cannot be reached.",
			q(`sum(rate(oauth2d_http_requests_total{instance=~"$instance",status="5xx"}[$__rate_interval])) / sum(rate(oauth2d_http_requests_total{instance=~"$instance"}[$__rate_interval])) or vector(0)`, "errors")).
			rising(0.001, 0.01).seeing("OAuth2dErrorsHigh"),
		number("Slowest 1%", "s", "The time within which 99 of 100 requests are answered.",
			q(`histogram_quantile(0.99, sum by (le) (rate(oauth2d_http_request_duration_seconds_bucket{instance=~"$instance"}[$__rate_interval])))`, "p99")).
			rising(0.25, 1).seeing("OAuth2dLatencyHigh"),
		number("Alerts firing", "short", "Alerts of oauth2d that fire now.",
			q(`count(ALERTS{alertname=~"OAuth2d.*",alertstate="firing"}) or vector(0)`, "alerts")).rising(1, 3),
	}
}

func overviewRequests() []view {
	return []view{
		curve("Requests by route", "reqps", "Requests in a second, by the pattern of the route.",
			q(`sum by (route) (rate(oauth2d_http_requests_total{instance=~"$instance"}[$__rate_interval]))`, "{{route}}")).stack(),
		curve("Requests by status", "reqps", "Requests in a second, by class of status. 4xx are refused requests of callers, 5xx failures of the server.",
			q(`sum by (status) (rate(oauth2d_http_requests_total{instance=~"$instance"}[$__rate_interval]))`, "{{status}}")).stack().seeing("OAuth2dErrorsHigh"),
		curve("Time to answer", "s", "The time within which a half, 95 and 99 of 100 requests are answered. Dots are traces of single requests, if tracing is on.",
			q(`histogram_quantile(0.5, sum by (le) (rate(oauth2d_http_request_duration_seconds_bucket{instance=~"$instance"}[$__rate_interval])))`, "p50"),
			q(`histogram_quantile(0.95, sum by (le) (rate(oauth2d_http_request_duration_seconds_bucket{instance=~"$instance"}[$__rate_interval])))`, "p95"),
			q(`histogram_quantile(0.99, sum by (le) (rate(oauth2d_http_request_duration_seconds_bucket{instance=~"$instance"}[$__rate_interval])))`, "p99")).seeing("OAuth2dLatencyHigh"),
		curve("Slowest 1% by route", "s", "The time within which 99 of 100 requests of a route are answered. The login page hashes a password: a quarter of a second is usual.",
			q(`histogram_quantile(0.99, sum by (le, route) (rate(oauth2d_http_request_duration_seconds_bucket{instance=~"$instance"}[$__rate_interval])))`, "{{route}}")),
		curve("Requests in flight", "short", "Requests that a server is answering at one time. A number that keeps growing means that the server is saturated.",
			q(`oauth2d_http_requests_in_flight{instance=~"$instance"}`, "{{instance}}")).seeing("OAuth2dRequestsPiledUp"),
		curve("Requests by server", "reqps", "Requests in a second by server: the load balancer should keep the curves close together.",
			q(`sum by (instance) (rate(oauth2d_http_requests_total{instance=~"$instance"}[$__rate_interval]))`, "{{instance}}")),
	}
}

func overviewObjectives() []view {
	return []view{
		number("Availability, 6 hours", "percentunit", "The share of requests of the last six hours that were answered without a failure of the server.",
			q(`1 - (sum(rate(oauth2d_http_requests_total{instance=~"$instance",status="5xx"}[6h])) or vector(0)) / sum(rate(oauth2d_http_requests_total{instance=~"$instance"}[6h]))`, "availability")).
			falling(0.99, 0.999).share().wide(6).seeing("OAuth2dAvailabilityBudgetBurningFast"),
		number("Within 250 ms, 6 hours", "percentunit", "The share of requests of the last six hours that were answered within 250 ms.",
			q(`sum(rate(oauth2d_http_request_duration_seconds_bucket{instance=~"$instance",le="0.25"}[6h])) / sum(rate(oauth2d_http_request_duration_seconds_count{instance=~"$instance"}[6h]))`, "latency")).
			falling(0.95, 0.99).share().wide(6).seeing("OAuth2dLatencyBudgetBurningFast"),
		curve("Failed share by window", "percentunit", "The share of requests that failed within 5 minutes, an hour and six hours. Burn-rate alerts compare such windows with the objective.",
			q(`(sum(rate(oauth2d_http_requests_total{instance=~"$instance",status="5xx"}[5m])) or vector(0)) / sum(rate(oauth2d_http_requests_total{instance=~"$instance"}[5m]))`, "5 minutes"),
			q(`(sum(rate(oauth2d_http_requests_total{instance=~"$instance",status="5xx"}[1h])) or vector(0)) / sum(rate(oauth2d_http_requests_total{instance=~"$instance"}[1h]))`, "1 hour"),
			q(`(sum(rate(oauth2d_http_requests_total{instance=~"$instance",status="5xx"}[6h])) or vector(0)) / sum(rate(oauth2d_http_requests_total{instance=~"$instance"}[6h]))`, "6 hours")).
			wide(12).seeing("OAuth2dAvailabilityBudgetBurningFast"),
	}
}

func overviewProcesses() []view {
	return []view{
		curve("Processor time", "percentunit", "Processor time that a server uses, 100% is one core.",
			q(`rate(process_cpu_seconds_total{job="oauth2d",instance=~"$instance"}[$__rate_interval])`, "{{instance}}")).seeing("OAuth2dProcessorSaturated"),
		curve("Memory", "bytes", "Memory that a server holds. It stays flat; a rise that does not end is a leak.",
			q(`process_resident_memory_bytes{job="oauth2d",instance=~"$instance"}`, "{{instance}}")),
		curve("Open files", "percentunit", "The share of the permitted files and connections that a server has open. At 100% it accepts no connection.",
			q(`process_open_fds{job="oauth2d",instance=~"$instance"} / process_max_fds{job="oauth2d",instance=~"$instance"}`, "{{instance}}")).rising(0.7, 0.8).share().seeing("OAuth2dFileDescriptorsLow"),
		curve("Goroutines", "short", "Goroutines of a server. They follow the number of requests in flight.",
			q(`go_goroutines{job="oauth2d",instance=~"$instance"}`, "{{instance}}")),
		curve("Log lines dropped", "cps", "Lines of the request log that were dropped in a second, because the reader of the log is too slow.",
			q(`rate(oauth2d_log_lines_dropped_total{instance=~"$instance"}[$__rate_interval])`, "{{instance}}")).seeing("OAuth2dLogLinesDropped"),
		list("Versions", "short", "The version of each server. Two versions are usual during an update only.",
			q(`sum by (instance, version) (oauth2d_build_info{instance=~"$instance"})`, "{{version}}")).seeing("OAuth2dVersionsMixed"),
	}
}

func overviewDue() []view {
	return []view{
		chart("Age of keys", "s", "How long each current key has been in use. Keys are replaced after keys.rotate_every.",
			q(`max by (use, algorithm) (oauth2d_key_age_seconds{instance=~"$instance"})`, "{{use}} {{algorithm}}")).seeing("OAuth2dKeyRotationStalled"),
		chart("Certificates end in", "s", "The time until a certificate is no longer valid.",
			q(`min by (use) (oauth2d_certificate_not_after_timestamp_seconds{instance=~"$instance"}) - time()`, "{{use}}")).
			falling(2*86400, 14*86400).seeing("OAuth2dCertificateExpiring"),
		chart("Age of the last backup", "s", "The time since a backup of this kind was completed.",
			q(`time() - max by (kind) (oauth2d_backup_last_success_timestamp_seconds{instance=~"$instance"})`, "{{kind}}")).
			rising(26*3600, 74*3600).seeing("OAuth2dBackupOld"),
		chart("Size of the last backup", "bytes", "The size of the last complete backup. A sudden change of its size needs an explanation.",
			q(`max by (kind) (oauth2d_backup_last_size_bytes{instance=~"$instance"})`, "{{kind}}")),
		curve("Cleanup runs", "short", "Runs of the cleanup within an hour, by result. On some server one must complete.",
			q(`sum by (result) (increase(oauth2d_cleanup_runs_total{instance=~"$instance"}[1h]))`, "{{result}}")).seeing("OAuth2dCleanupStalled"),
		curve("Changes by operators", "short", "Changes that operators made within an hour, by action. Each is an entry of the audit log.",
			q(`sum by (action) (increase(oauth2d_admin_actions_total{instance=~"$instance"}[1h]))`, "{{action}}")).stack(),
	}
}
