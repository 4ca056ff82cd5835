package scenario

import (
	"net/http"
	"net/url"

	"github.com/recipe-web-app/oauth2d/cmd/bench/ceiling"
	"github.com/recipe-web-app/oauth2d/cmd/bench/load"
	"github.com/recipe-web-app/oauth2d/cmd/bench/subject"
)

// Ceilings returns the workloads of the ceilings, which repeat the given answers.
func Ceilings(s *subject.Subject, answers map[string]ceiling.Answer) []Workload {
	client := party{s.Host, ceiling.ClientID, ceiling.ClientSecret}
	issue := url.Values{"grant_type": {"client_credentials"}, "scope": {"read"}}
	isToken := func(a load.Answer) error { _, err := tokens(a); return err }
	all := []Workload{
		static("(a) chi, metadata", s.Host, "/a/metadata", answers[ceiling.MetadataAnswer].Body),
		static("(a) chi, JWKS", s.Host, "/a/keys", answers[ceiling.KeysAnswer].Body),
	}
	for _, one := range []struct{ name, path string }{
		{"(a) chi, form, JSON", "/a"}, {"(b) a + GET", "/b"}, {"(bp) b, shared pipeline", "/bp"}, {"(c) a + EVALSHA", "/c"},
		{"(d) b + Basic", "/d"}, {"(e) d, then c", "/e"}, {"(f) token", "/f"}, {"(fj) token, ID token", "/fj"},
	} {
		all = append(all, Workload{Name: one.name, NewCall: fixed([][]byte{client.post(one.path, issue)}, isToken)})
	}
	var introspections, revocations, bearers [][]byte
	for n := range ceiling.Tokens {
		introspections = append(introspections, client.post("/g", url.Values{"token": {ceiling.Token(n)}}))
		revocations = append(revocations, client.post("/gf", url.Values{"token": {ceiling.Token(n)}}))
		bearers = append(bearers, bearing(s.Host, "/gg", ceiling.Token(n)))
	}
	all = append(all, Workload{Name: "(g) introspection", NewCall: fixed(introspections, active(ceiling.ClientID))},
		Workload{Name: "(gf) read, then write", NewCall: fixed(revocations, done)}, Workload{Name: "(gg) two reads", NewCall: fixed(bearers, aboutSomebody)})
	for _, algorithm := range ceiling.Algorithms() {
		all = append(all, Workload{Name: "(j) " + algorithm, NewCall: fixed([][]byte{client.post("/j/"+algorithm, issue)}, isToken)})
	}
	return all
}

// static is a document that never changes.
func static(name, host, path, body string) Workload {
	return Workload{Name: name, NewCall: fixed([][]byte{load.Request{Method: http.MethodGet, Path: path, Host: host}.Bytes()}, same(body))}
}

// Peer returns the workloads of a server of another project, by the names of the daemon's rows.
func Peer(c *load.Conn, s *subject.Subject, introspectPath string) ([]Workload, error) {
	client := party{s.Host, ceiling.ClientID, ceiling.ClientSecret}
	issue := client.post("/token", url.Values{"grant_type": {"client_credentials"}, "scope": {"read"}})
	var introspections [][]byte
	for range ceiling.Tokens {
		a, err := c.Do(issue)
		if err != nil {
			return nil, err
		}
		t, err := tokens(a)
		if err != nil {
			return nil, err
		}
		introspections = append(introspections, client.post(introspectPath, url.Values{"token": {t.AccessToken}}))
	}
	return []Workload{
		{Name: TokenOpaque, NewCall: fixed([][]byte{issue}, func(a load.Answer) error { _, err := tokens(a); return err })},
		{Name: IntrospectOpaque, NewCall: fixed(introspections, active(ceiling.ClientID))},
	}, nil
}
