package event

// Names returns the names of all events, in alphabetical order. A test compares them with the code.
func Names() []string {
	return []string{
		"audit.broken", "audit.dropped", "backup.restore", "cleanup.ran", "client.auth_failed", "client.authenticated", "client.change",
		"client.create", "client.delete", "client.revoke_tokens", "code.replayed", "consent.denied", "consent.given",
		"consent.withdrawn", "credential.presented", "grant.revoke", "introspection.denied", "key.changed", "key.drop",
		"key.rotate", "limit.hit", "login.failed", "login.locked_out", "login.succeeded", "password.change_required",
		"password.changed", "refresh.reused", "request.refused", "revoked_token.used", "secret.create", "secret.delete",
		"session.end", "session.ended", "sessions.end", "token.denied", "token.introspected", "token.issued",
		"token.revoke", "token.revoke_all", "token.revoked", "token.shared", "user.change", "user.create", "user.delete",
		"user.revoke_tokens", "user.set_password", "user.unlock",
	}
}
