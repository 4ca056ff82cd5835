package config

import (
	"fmt"
	"net"
	"net/netip"
	"net/url"
	"strings"

	"github.com/recipe-web-app/oauth2d/internal/oauth"
)

// Validate returns all mistakes that only a comparison of settings or a closer look at a value can show. It opens no
// file and no connection.
func (c Config) Validate() Problems {
	var wrong Problems
	c.checkIssuer(&wrong)
	c.checkMasterKeys(&wrong)
	c.Server.check(c.Dev, &wrong)
	checkListen("admin.listen", c.Admin.Listen, c.Dev, &wrong)
	if c.Admin.Listen == c.Server.Listen && !strings.HasSuffix(c.Admin.Listen, ":0") {
		wrong.add("admin.listen", "is the same as server.listen", "the operators' listener needs a port of its own")
	}
	c.Redis.check(&wrong)
	c.Limits.check(&wrong)
	c.checkLives(&wrong)
	c.checkScopes(&wrong)
	c.checkResources(&wrong)
	for i, scheme := range c.RedirectSchemes {
		if oauth.CheckPrivateScheme(scheme) != nil {
			wrong.add(fmt.Sprintf("redirect_schemes[%d]", i), "is not a private-use scheme", "write its name alone in small letters, such as vscode")
		}
	}
	c.Brand.check(&wrong)
	c.Tracing.check(&wrong)
	return wrong
}

func (c Config) checkIssuer(wrong *Problems) {
	refuse := func(what, hint string) { wrong.add("issuer", what, hint) }
	if c.IssuerPrevious != "" && c.IssuerPrevious == c.Issuer {
		wrong.add("issuer_previous", "is the current issuer", "remove it")
	}
	if c.Issuer == "" {
		if !c.Dev && !c.Tool {
			refuse("is not set", "set it to the public base URL, such as https://auth.example.com, or try `oauth2d serve --dev`")
		}
		return
	}
	u, err := url.Parse(c.Issuer)
	switch {
	case err != nil || u.Host == "" || u.Scheme != "https" && u.Scheme != "http":
		refuse("is not an absolute https URL", "such as https://auth.example.com")
	case u.Scheme == "http" && !oauth.IsLoopbackHost(u.Hostname()):
		refuse("uses http on a host that is not loopback", "tokens need https; put a certificate in server.tls or a proxy in front")
	case u.User != nil || strings.ContainsAny(c.Issuer, "?#"):
		refuse("has a query, a fragment or user information", "RFC 8414 §2 allows scheme, host and path only")
	case strings.HasSuffix(c.Issuer, "/"):
		refuse("ends in a slash", "write it without the slash: clients compare it character by character")
	case u.Path != "" && u.Path != cleanPath(u.Path):
		refuse("has a path with empty, dot or escaped segments", "use plain segments")
	}
}

func (s Server) check(dev bool, wrong *Problems) {
	checkListen("server.listen", s.Listen, dev, wrong)
	if p := s.EndpointPrefix; p != "" && p != cleanPath(p) {
		wrong.add("server.endpoint_prefix", "is not a plain path", "such as /oauth2: with a slash at its begin and none at its end")
	}
	for _, proxy := range s.TrustedProxies {
		if _, err := ParseNetwork(proxy); err != nil {
			wrong.add("server.trusted_proxies", fmt.Sprintf("%.60q is neither an address nor a network", proxy), "such as 10.0.0.7 or 10.0.0.0/8")
		}
	}
	checkPair("server.tls", s.TLS.CertFile, s.TLS.KeyFile, wrong)
}

// ParseNetwork reads a network, or an address as the network of that one address.
func ParseNetwork(text string) (netip.Prefix, error) {
	if addr, err := netip.ParseAddr(text); err == nil {
		return netip.PrefixFrom(addr, addr.BitLen()), nil
	}
	p, err := netip.ParsePrefix(text)
	return p.Masked(), err
}

// checkListen requires host:port. --dev has demo secrets that everybody knows, so it must listen on loopback.
func checkListen(key, listen string, dev bool, wrong *Problems) {
	host, _, err := net.SplitHostPort(listen)
	switch {
	case err != nil || !validAddr(listen):
		wrong.add(key, fmt.Sprintf("%.60q is not host:port", listen), "such as 127.0.0.1:8080 or 0.0.0.0:8080")
	case dev && !oauth.IsLoopbackHost(host):
		wrong.add(key, fmt.Sprintf("%.60q is not loopback, and --dev has secrets that everybody knows", listen), "listen on 127.0.0.1, or run without --dev")
	}
}

func validAddr(addr string) bool {
	_, port, err := net.SplitHostPort(addr)
	if err != nil {
		return false
	}
	_, err = netip.ParseAddrPort("127.0.0.1:" + port)
	return err == nil
}

func (r Redis) check(wrong *Problems) {
	checkPair("redis.tls", r.TLS.CertFile, r.TLS.KeyFile, wrong)
	if r.Mode == "embedded" {
		return
	}
	if len(r.Addrs) == 0 {
		wrong.add("redis.addrs", "is empty", "host:port, several with commas")
	}
	for _, addr := range r.Addrs {
		host, _, _ := net.SplitHostPort(addr)
		if !validAddr(addr) || host == "" {
			wrong.add("redis.addrs", fmt.Sprintf("%.60q is not host:port", addr), "such as redis.internal:6379")
		}
	}
	switch {
	case r.Mode == "standalone" && len(r.Addrs) > 1:
		wrong.add("redis.addrs", "names several servers in standalone mode", "set redis.mode to sentinel or cluster")
	case r.Mode == "sentinel" && r.MasterName == "":
		wrong.add("redis.master_name", "is empty in sentinel mode", "the name in `sentinel monitor NAME ...`")
	case r.Durability == "strict" && r.Mode != "sentinel" && r.Mode != "cluster":
		wrong.add("redis.durability", "cannot be strict without replicas", "strict needs replicas that a failover may promote; set redis.mode to sentinel or cluster")
	case r.Mode == "cluster" && r.DB != 0:
		wrong.add("redis.db", "must be 0 in cluster mode", "Redis Cluster has only database 0")
	}
	if !r.TLS.Enabled && (r.TLS.CAFile != "" || r.TLS.CertFile != "") {
		wrong.add("redis.tls.enabled", "is false although certificates are set", "set it to true")
	}
}

func (c Config) checkLives(wrong *Problems) {
	if c.Refresh.Absolute < c.Refresh.Idle {
		wrong.add("refresh.absolute", "is shorter than refresh.idle", "a grant cannot end before its refresh token does")
	}
	if c.Token.Access > c.Refresh.Absolute {
		wrong.add("token.access", "is longer than refresh.absolute", "an access token cannot outlive its grant")
	}
	if c.Keys.PublishAhead >= c.Keys.RotateEvery {
		wrong.add("keys.publish_ahead", "is not shorter than keys.rotate_every", "a key is published before the one that signs retires")
	}
}

func (c Config) checkScopes(wrong *Problems) {
	seen := map[string]bool{}
	for _, scope := range c.Scopes {
		at := fmt.Sprintf("scopes: %.60q", scope.Name)
		parsed, err := oauth.ParseScopes(scope.Name)
		switch {
		case err != nil || len(parsed) != 1 || parsed[0] != scope.Name:
			wrong.add(at, "is not a valid scope", "printable ASCII without space, quote and backslash (RFC 6749 §3.3)")
		case seen[scope.Name]:
			wrong.add(at, "is declared twice", "")
		case scope.Description == "" || len(scope.Description) > 200:
			wrong.add(at, "needs a description of at most 200 bytes", "people read it on the consent page")
		}
		seen[scope.Name] = true
	}
}

func (c Config) checkResources(wrong *Problems) {
	seen := map[string]bool{}
	for i, r := range c.Resources {
		at := fmt.Sprintf("resources[%d]", i)
		if oauth.CheckResource(r.URI) != nil {
			wrong.add(at+".uri", fmt.Sprintf("%.60q is not an absolute URI without fragment", r.URI), "such as https://api.example.com")
		}
		if seen[r.URI] {
			wrong.add(at+".uri", fmt.Sprintf("%.60q is declared twice", r.URI), "remove one")
		}
		seen[r.URI] = true
	}
}

func (t Tracing) check(wrong *Problems) {
	if u, err := url.Parse(t.Endpoint); t.Endpoint != "" && (err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https") {
		wrong.add("tracing.endpoint", "is not an http or https URL", "such as http://127.0.0.1:4318")
	}
	for i, header := range t.Headers {
		if name, _, ok := strings.Cut(header.Reveal(), "="); !ok || name == "" {
			wrong.add(fmt.Sprintf("tracing.headers[%d]", i), "is not NAME=VALUE", "such as Authorization=Bearer ...")
		}
	}
}

func (b Brand) check(wrong *Problems) {
	if n := len([]rune(b.Name)); n == 0 || n > 60 {
		wrong.add("brand.name", "must have 1 to 60 characters", "")
	}
	if !validColour(b.Accent) {
		wrong.add("brand.accent", "is not a colour", "as #rrggbb, such as #2457c5")
	}
	if u, err := url.Parse(b.SupportURL); err != nil || b.SupportURL != "" && u.Scheme != "https" && u.Scheme != "mailto" {
		wrong.add("brand.support_url", "is neither an https nor a mailto URL", "")
	}
	for key, address := range map[string]string{"brand.privacy_url": b.PrivacyURL, "brand.terms_url": b.TermsURL} {
		if u, err := url.Parse(address); err != nil || address != "" && (u.Scheme != "https" || u.Host == "") {
			wrong.add(key, "is not an https URL", "")
		}
	}
	if len(b.Footer) > 300 {
		wrong.add("brand.footer", "is longer than 300 bytes", "")
	}
}

func validColour(text string) bool {
	if len(text) != 7 || text[0] != '#' {
		return false
	}
	return strings.Trim(text[1:], "0123456789abcdefABCDEF") == ""
}

func checkPair(section, cert, key string, wrong *Problems) {
	if (cert == "") != (key == "") {
		wrong.add(section, "has cert_file without key_file, or the other way round", "both or neither")
	}
}

// cleanPath returns the one form of a path that is accepted: slashes before plain segments.
func cleanPath(path string) string {
	clean := ""
	for segment := range strings.SplitSeq(path, "/") {
		if segment != "" && segment != "." && segment != ".." && !strings.ContainsAny(segment, "%{}*?#\\ ") {
			clean += "/" + segment
		}
	}
	return clean
}
