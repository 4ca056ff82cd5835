package backup

import "bytes"

// rule says what a restore does with a record.
type rule int

// The rules.
const (
	replace  rule = iota // as it is in the archive; it is removed when the archive does not have it
	preserve             // as it is in Redis; the archive's is used only where Redis has none
	never                // it belongs to the running installation: it is neither restored nor removed
)

// belongs reports whether a key is one of a kind. The keys of others in the same database stay out of archives.
func belongs(k Kind, key []byte) bool { return bytes.HasPrefix(key, []byte(k.prefix())) }

// ruleOf returns the rule for a record.
//
// never: the identity of the data and of its owner (auth:history, auth:fence, auth:issuer,
// auth:data_version), the epoch, which only grows,
// the version of the clients, which only grows, what lives for seconds (auth:beat, auth:lease) and the notes
// about backups (auth:backup).
//
// preserve: the audit log, which no restore may take back, the revocations, which an older archive does not know, and the
// counts of attempts, because otherwise a restore would lift lockouts.
func ruleOf(key []byte) rule {
	switch kind := kindOf(key); kind {
	case "auth:history", "auth:fence", "auth:issuer", "auth:epoch", "auth:beat", "auth:lease", "auth:backup", "auth:restore",
		"auth:data_version":
		return never
	case "auth:audit", "auth:revoked", "auth:revoked:user", "auth:revoked:token", "auth:revoked:client", "auth:rate_limit":
		return preserve
	default:
		if isClientsVersion(key) {
			return never
		}
		return replace
	}
}

// isClientsVersion reports whether a key is the version of all clients.
func isClientsVersion(key []byte) bool {
	return bytes.Equal(key, []byte("auth:clients:version")) || bytes.Equal(key, []byte("auth:{clients}:version"))
}

// Part is the part of an archive that is restored.
type Part string

// The parts.
const (
	Everything      Part = "everything"
	ClientsAndUsers Part = "clients-and-users"
)

// includes reports whether a record belongs to the part.
func (p Part) includes(key []byte) bool {
	if p != ClientsAndUsers {
		return true
	}
	switch kindOf(key) {
	case "auth:client", "auth:clients", "auth:user", "auth:users", "auth:username", "auth:credentials":
		return true
	}
	return false
}

// signedIn returns the user of a record that shows that this user is signed in: the list of the user's sessions or of the
// user's grants.
func signedIn(key []byte) (user []byte, ok bool) {
	switch kindOf(key) {
	case "auth:user_sessions", "auth:user_grants":
		user = key[bytes.LastIndexByte(key, ':')+1:]
		if end := bytes.IndexByte(user, '}'); end >= 0 {
			user = user[end+1:]
		}
		return user, true
	}
	return nil, false
}
