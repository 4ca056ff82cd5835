package web

import (
	"net"
	"net/http"
	"net/netip"
	"slices"
	"strings"

	"github.com/recipe-web-app/oauth2d/internal/oauth"
)

// Hosts refuses requests whose Host is a name that is not allowed. By DNS rebinding, a page of another site can reach a
// listener of this machine, but only under the name of that site. IP addresses and localhost cannot be rebound and are
// always allowed.
func Hosts(allowed []string, style Style) func(http.Handler) http.Handler {
	return func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if !allowedHost(r.Host, allowed) {
				style(w, r, oauth.Refuse(oauth.ForbiddenByOrigin, "this host name is not served here", nil))
				return
			}
			next.ServeHTTP(w, r)
		})
	}
}

func allowedHost(host string, allowed []string) bool {
	if name, _, err := net.SplitHostPort(host); err == nil {
		host = name
	}
	host = strings.TrimSuffix(strings.ToLower(strings.Trim(host, "[]")), ".")
	if _, err := netip.ParseAddr(host); err == nil || host == "localhost" {
		return true
	}
	return slices.ContainsFunc(allowed, func(name string) bool { return strings.EqualFold(name, host) })
}
