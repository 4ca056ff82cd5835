package web

import (
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"testing"
)

// Whatever the headers contain, the caller is an address: the peer's own address unless a listed proxy reports another.
func FuzzCaller(f *testing.F) {
	for _, seed := range [][2]string{
		{"", ""}, {"203.0.113.9", ""}, {"203.0.113.9, 10.0.0.2", ""}, {"unknown, _hidden", ""}, {"[2001:db8::1]:443", ""}, {"fe80::1%eth0", ""},
		{"", "for=203.0.113.9;proto=https"}, {"", `for="[2001:db8::1]:4711"`}, {"", "for=;for=x,for=10.0.0.1"}, {",,,", ";;;"}, {"::ffff:10.0.0.3", `FOR="`},
	} {
		f.Add(seed[0], seed[1])
	}
	listed := []string{"10.0.0.0/8"}
	plain, err := NewProxies(ForwardedFor, listed)
	if err != nil {
		f.Fatal(err)
	}
	standard, err := NewProxies(Forwarded, listed)
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, xff, forwarded string) {
		r := httptest.NewRequest(http.MethodGet, "/", http.NoBody)
		r.Header["X-Forwarded-For"], r.Header["Forwarded"] = []string{xff}, []string{forwarded}
		for _, p := range []Proxies{plain, standard} {
			for _, peer := range []string{"10.0.0.1:1", "198.51.100.1:1"} {
				r.RemoteAddr = peer
				got, _ := p.caller(r)
				if _, err := netip.ParseAddr(got); err != nil || strings.Contains(got, "%") {
					t.Errorf("%q %q: the caller is %q", xff, forwarded, got)
				}
				if strings.HasPrefix(peer, "198.") && got != "198.51.100.1" {
					t.Errorf("%q %q: a stranger became %q", xff, forwarded, got)
				}
			}
		}
	})
}
