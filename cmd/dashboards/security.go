package main

// security shows sessions, and the signs of attacks and of leaked tokens.
func security() dashboard {
	return dashboard{
		name: "security", title: "Sessions and security", variables: []variable{daemons(), clients()},
		about: "Who signs in and who fails to, sessions, signs of leaked tokens, and whether the audit log is complete.",
		rows: []row{
			{"Signs of an attack, 24 hours", securitySigns()}, {"Sign-in", securitySignIn()}, {"Tokens", securityTokens()},
			{"Audit log, keys and operators", securityAudit()},
		},
	}
}

func securitySigns() []view {
	day := func(metric string) query {
		return q(`sum(increase(`+metric+`{instance=~"$instance"}[24h]))`, "24 hours")
	}
	return []view{
		number("Codes replayed", "short", "Authorization codes that were presented a second time. Their grants were revoked.",
			day("oauth2d_code_replays_total")).rising(1, 1).seeing("OAuth2dCodeReplayed"),
		number("Refresh tokens reused", "short", "Spent refresh tokens that were presented again. Their grants were revoked.",
			day("oauth2d_refresh_reuses_total")).rising(1, 1).seeing("OAuth2dRefreshTokenReused"),
		number("Uses after revocation", "short", "Access tokens that were presented after they were revoked.",
			day("oauth2d_revoked_token_uses_total")).rising(1, 100).seeing("OAuth2dRevokedTokenUsed"),
		number("Tokens shared", "short", "Tokens that several clients introspected. A leaked token looks like that.",
			day("oauth2d_tokens_shared_total")).rising(1, 1).seeing("OAuth2dTokenShared"),
		number("Lockouts", "short", "Accounts, clients or networks that were locked because their budget of wrong guesses was used up.",
			q(`sum(increase(oauth2d_lockouts_total{instance=~"$instance"}[24h])) or vector(0)`, "24 hours")).rising(1, 20).seeing("OAuth2dLockedOut"),
		number("Breaks of the audit log", "short", "How often the end of the audit log was not the expected one.",
			day("oauth2d_audit_breaks_total")).rising(1, 1).seeing("OAuth2dAuditBroken"),
	}
}

func securitySignIn() []view {
	return []view{
		curve("Sign-ins", "ops", "Attempts to sign in, in a second, by result.",
			q(`sum by (result) (rate(oauth2d_logins_total{instance=~"$instance"}[$__rate_interval]))`, "{{result}}")).stack(),
		curve("Failed sign-ins by reason", "ops", "Failed attempts to sign in, in a second. Many wrong passwords from one network are guesses.",
			q(`sum by (reason) (rate(oauth2d_logins_total{instance=~"$instance",result!="succeeded"}[$__rate_interval]))`, "{{reason}}")).seeing("OAuth2dLoginsFailing"),
		curve("Lockouts by rule", "short", "Lockouts within an hour: of an account, a network or a client.",
			q(`sum by (rule) (increase(oauth2d_lockouts_total{instance=~"$instance"}[1h]))`, "{{rule}}")).seeing("OAuth2dLockedOut"),
		curve("Sessions", "short", "Live browser sessions of all servers.",
			q(`max(oauth2d_sessions_active{instance=~"$instance"})`, "sessions")).seeing("OAuth2dSessionsDropped"),
		curve("Sessions ended early", "short", "Browser sessions within an hour that ended before their time, by reason.",
			q(`sum by (reason) (increase(oauth2d_sessions_ended_total{instance=~"$instance"}[1h]))`, "{{reason}}")).stack(),
		curve("Failed client authentications", "ops", "Failed attempts of clients to authenticate, in a second, by method.",
			q(`sum by (method) (rate(oauth2d_client_authentications_total{instance=~"$instance",result!="succeeded"}[$__rate_interval]))`, "{{method}}")),
	}
}

func securityTokens() []view {
	return []view{
		curve("Replays and reuses", "short", "Codes and refresh tokens that were presented again, within an hour.",
			q(`sum(increase(oauth2d_code_replays_total{instance=~"$instance"}[1h]))`, "codes"),
			q(`sum(increase(oauth2d_refresh_reuses_total{instance=~"$instance"}[1h]))`, "refresh tokens")).seeing("OAuth2dCodeReplayed"),
		curve("Uses after revocation", "ops", "Revoked access tokens presented in a second. A resource server that caches answers shows up for a moment.",
			q(`sum(rate(oauth2d_revoked_token_uses_total{instance=~"$instance"}[$__rate_interval]))`, "uses")).seeing("OAuth2dRevokedTokenUsed"),
		curve("Denied introspections by client", "short", "Live tokens within an hour that a client asked about without the right to.",
			q(`sum by (caller) (increase(oauth2d_introspections_denied_total{instance=~"$instance",caller=~"$client"}[1h]))`, "{{caller}}")).seeing("OAuth2dIntrospectionDenied"),
		curve("Revocations", "short", "Revocations within an hour, by their scope.",
			q(`sum by (revoked) (increase(oauth2d_revocations_total{instance=~"$instance"}[1h]))`, "{{revoked}}")).stack(),
		curve("Requests over a limit", "ops", "Requests refused in a second because of a limit, by rule.",
			q(`sum by (rule) (rate(oauth2d_limits_hit_total{instance=~"$instance"}[$__rate_interval]))`, "{{rule}}")).seeing("OAuth2dRateLimitPressure"),
		curve("Inactive tokens by client", "ops", "Introspections in a second of tokens that are not active, by client. A rise at one client can be a list of stolen tokens.",
			q(`sum by (caller) (rate(oauth2d_introspections_total{instance=~"$instance",caller=~"$client",active="false"}[$__rate_interval]))`, "{{caller}}")),
	}
}

func securityAudit() []view {
	return []view{
		curve("Entries that wait", "short", "Events that wait to be written to the audit log. At the limit they are dropped.",
			q(`oauth2d_audit_queue_length{instance=~"$instance"}`, "{{instance}}")),
		curve("Entries dropped", "short", "Events within an hour that were not written to the audit log. where: log is the copy in Redis, all is both copies.",
			q(`sum by (where) (increase(oauth2d_audit_dropped_total{instance=~"$instance"}[1h]))`, "{{where}}")).rising(1, 1).seeing("OAuth2dAuditDropped"),
		curve("Changes by operators", "short", "Changes that operators made within an hour, by action.",
			q(`sum by (action) (increase(oauth2d_admin_actions_total{instance=~"$instance"}[1h]))`, "{{action}}")).stack(),
		curve("Age of keys", "s", "How long each current key has been in use. The curve falls to 0 at each rotation.",
			q(`max by (use, algorithm) (oauth2d_key_age_seconds{instance=~"$instance"})`, "{{use}} {{algorithm}}")).seeing("OAuth2dKeyRotationStalled"),
		curve("Changes of the key ring", "short", "Changes of the key ring within a day.",
			q(`sum by (use, change) (increase(oauth2d_key_changes_total{instance=~"$instance"}[24h]))`, "{{use}} {{change}}")),
	}
}
