// Package ceiling owns the servers that a benchmark measures the daemon against: each does the least work that a kind
// of request needs, with the same libraries and the same answers. None of them is an authorization server.
//
//	a   chi, the form parsed, a fixed JSON answer
//	b   a and one GET over a connection of its own
//	bp  b with the GET through a shared pipeline
//	c   a and one EVALSHA (HSET, EXPIRE, SADD)
//	d   b and Basic authentication by a SHA-256 digest
//	e   d, then c: two round trips
//	f   the client in memory, Basic, the EVALSHA through a shared pipeline: a token request
//	g   the client in memory, Basic, an HGETALL through a shared pipeline, JSON: an introspection
//	gf  g, then the EVALSHA of f: two round trips, a revocation
//	gg  two HGETALL in turn, JSON: the claims of a bearer's user
//	fj  f and one ES256 signature: a token request with an ID token
//	j   the client in memory, Basic, one signature: a token request for a JWT
package ceiling
