package main

// flows shows what clients ask for and what they get.
func flows() dashboard {
	return dashboard{
		name: "flows", title: "OAuth flows", variables: []variable{daemons(), clients()},
		about: "Tokens, codes, client authentication, introspection and revocation: what clients ask for, and how much of it fails.",
		rows: []row{
			{"Tokens", flowTokens()}, {"Codes and refresh tokens", flowCredentials()}, {"Clients", flowClients()},
			{"Introspection and revocation", flowIntrospection()}, {"Time", flowTimes()},
		},
	}
}

func flowTokens() []view {
	return []view{
		number("Tokens issued", "ops", "Access tokens that all chosen servers issue in a second.",
			q(`sum(rate(oauth2d_tokens_issued_total{instance=~"$instance"}[$__rate_interval]))`, "tokens")).wide(6),
		number("Token requests refused", "percentunit", "The share of token requests that were refused.",
			q(`sum(rate(oauth2d_token_requests_denied_total{instance=~"$instance"}[$__rate_interval])) / (sum(rate(oauth2d_token_requests_denied_total{instance=~"$instance"}[$__rate_interval])) + sum(rate(oauth2d_tokens_issued_total{instance=~"$instance"}[$__rate_interval])))`, "refused")).
			rising(0.05, 0.2).share().wide(6).seeing("OAuth2dTokenRequestsFailing"),
		number("Consents denied", "percentunit", "The share of consent pages on which people refused. A sudden rise points to a client that asks for too much.",
			q(`sum(increase(oauth2d_consents_total{instance=~"$instance",decision="denied"}[1h])) / (sum(increase(oauth2d_consents_total{instance=~"$instance"}[1h])) > 0) or vector(0)`, "denied")).share().wide(6),
		number("Clients seen", "short", "Clients that introspected a token, by the servers' count. A server counts 64 of them apart and the others together.",
			q(`count(count by (caller) (oauth2d_introspections_total{instance=~"$instance"}))`, "clients")).wide(6),
		curve("Issued by grant type", "ops", "Access tokens issued in a second, by grant type.",
			q(`sum by (grant_type) (rate(oauth2d_tokens_issued_total{instance=~"$instance"}[$__rate_interval]))`, "{{grant_type}}")).stack(),
		curve("Refused share by grant type", "percentunit", "The share of token requests that were refused, by grant type.",
			q(`sum by (grant_type) (rate(oauth2d_token_requests_denied_total{instance=~"$instance"}[$__rate_interval])) / (sum by (grant_type) (rate(oauth2d_token_requests_denied_total{instance=~"$instance"}[$__rate_interval])) + (sum by (grant_type) (rate(oauth2d_tokens_issued_total{instance=~"$instance"}[$__rate_interval])) or sum by (grant_type) (rate(oauth2d_token_requests_denied_total{instance=~"$instance"}[$__rate_interval]) * 0)))`, "{{grant_type}}")).
			share().seeing("OAuth2dTokenRequestsFailing"),
		curve("Refused by error code", "ops", "Token requests refused in a second, by OAuth error code.",
			q(`sum by (code) (rate(oauth2d_token_requests_denied_total{instance=~"$instance"}[$__rate_interval]))`, "{{code}}")).stack().seeing("OAuth2dTokenRequestsFailing"),
	}
}

func flowCredentials() []view {
	return []view{
		curve("Codes by verdict", "ops", "Authorization codes presented in a second. advanced is the usual verdict; reused is a replay.",
			q(`sum by (verdict) (rate(oauth2d_credentials_presented_total{instance=~"$instance",kind="code"}[$__rate_interval]))`, "{{verdict}}")).seeing("OAuth2dCodeReplayed"),
		curve("Refresh tokens by verdict", "ops", "Refresh tokens presented in a second. retried is a repeated request within the grace period; reused ends the grant.",
			q(`sum by (verdict) (rate(oauth2d_credentials_presented_total{instance=~"$instance",kind="refresh_token"}[$__rate_interval]))`, "{{verdict}}")).seeing("OAuth2dRefreshTokenReused"),
		curve("Consents", "ops", "Decisions on consent pages in a second.",
			q(`sum by (decision) (rate(oauth2d_consents_total{instance=~"$instance"}[$__rate_interval]))`, "{{decision}}")),
	}
}

func flowClients() []view {
	return []view{
		curve("Client authentications", "ops", "Attempts of clients to authenticate in a second, by method and result.",
			q(`sum by (method, result) (rate(oauth2d_client_authentications_total{instance=~"$instance"}[$__rate_interval]))`, "{{method}} {{result}}")),
		curve("Failed by reason", "ops", "Failed attempts of clients to authenticate in a second. A client whose secret was rotated and not replaced shows up here.",
			q(`sum by (reason) (rate(oauth2d_client_authentications_total{instance=~"$instance",result!="succeeded"}[$__rate_interval]))`, "{{reason}}")),
		curve("Refused by a limit", "ops", "Requests refused in a second because of a limit, by rule.",
			q(`sum by (rule) (rate(oauth2d_limits_hit_total{instance=~"$instance"}[$__rate_interval]))`, "{{rule}}")).seeing("OAuth2dRateLimitPressure"),
	}
}

func flowIntrospection() []view {
	return []view{
		curve("Introspections by client", "ops", "Introspections in a second, by the client that asked.",
			q(`sum by (caller) (rate(oauth2d_introspections_total{instance=~"$instance",caller=~"$client"}[$__rate_interval]))`, "{{caller}}")).stack(),
		curve("Inactive share by client", "percentunit", "The share of introspected tokens that were not active. A resource server that often asks about dead tokens has clients that ignore expiry.",
			q(`sum by (caller) (rate(oauth2d_introspections_total{instance=~"$instance",caller=~"$client",active="false"}[$__rate_interval])) / sum by (caller) (rate(oauth2d_introspections_total{instance=~"$instance",caller=~"$client"}[$__rate_interval]))`, "{{caller}}")).share(),
		curve("Introspections by grant type", "ops", "Introspections of active tokens in a second, by the grant type of the token.",
			q(`sum by (grant_type) (rate(oauth2d_introspections_total{instance=~"$instance",caller=~"$client",active="true"}[$__rate_interval]))`, "{{grant_type}}")),
		curve("Denied introspections", "short", "Live tokens that were reported as inactive within an hour, because the client may not introspect them.",
			q(`sum by (caller) (increase(oauth2d_introspections_denied_total{instance=~"$instance",caller=~"$client"}[1h]))`, "{{caller}}")).seeing("OAuth2dIntrospectionDenied"),
		curve("Revocations", "ops", "Revocations in a second, by their scope.",
			q(`sum by (revoked) (rate(oauth2d_revocations_total{instance=~"$instance"}[$__rate_interval]))`, "{{revoked}}")),
	}
}

func flowTimes() []view {
	quantiles := func(route string) []query {
		in := `sum by (le) (rate(oauth2d_http_request_duration_seconds_bucket{instance=~"$instance",route="` + route + `"}[$__rate_interval])))`
		return []query{q("histogram_quantile(0.5, "+in, "p50"), q("histogram_quantile(0.99, "+in, "p99")}
	}
	return []view{
		curve("Token endpoint", "s", "The time within which a half and 99 of 100 token requests are answered.", quantiles("/token")...).seeing("OAuth2dLatencyHigh"),
		curve("Authorization endpoint", "s", "The time within which a half and 99 of 100 authorization requests are answered.", quantiles("/authorize")...),
		curve("Introspection endpoint", "s", "The time within which a half and 99 of 100 introspections are answered.", quantiles("/introspect")...),
	}
}
