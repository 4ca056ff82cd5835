package web

import (
	"fmt"
	"net/http"
	"net/netip"
	"slices"
	"strings"

	"github.com/recipe-web-app/oauth2d/internal/event"
	"github.com/recipe-web-app/oauth2d/internal/oauth"
)

// ForwardHeader names the header in which the listed proxies report the address of the caller.
type ForwardHeader string

// The two headers. Exactly one is read: a proxy overwrites the header that it knows and passes the other one through,
// so a server that reads both would trust the caller.
const (
	ForwardedFor ForwardHeader = "X-Forwarded-For" // the zero value means this one
	Forwarded    ForwardHeader = "Forwarded"       // RFC 7239
)

// Proxies are the networks whose forwarding header is trusted. The zero Proxies trusts no peer.
//
// chi has middleware.ClientIPFromXFF, but it trusts the header whatever peer sent it, and reads neither ports nor
// Forwarded (RFC 7239).
type Proxies struct {
	networks []netip.Prefix
	header   ForwardHeader
}

// NewProxies reads addresses ("10.0.0.7") and networks ("10.0.0.0/8").
func NewProxies(header ForwardHeader, networks []string) (Proxies, error) {
	p := Proxies{header: header}
	switch header {
	case "":
		p.header = ForwardedFor
	case ForwardedFor, Forwarded:
	default:
		return Proxies{}, fmt.Errorf("trusted proxy header %q: want %s or %s", header, ForwardedFor, Forwarded)
	}
	for _, text := range networks {
		network, err := parseNetwork(text)
		if err != nil {
			return Proxies{}, fmt.Errorf("trusted proxy %q: want an address or a network such as 10.0.0.0/8", text)
		}
		p.networks = append(p.networks, network)
	}
	return p, nil
}

func parseNetwork(text string) (netip.Prefix, error) {
	if strings.Contains(text, "/") {
		network, err := netip.ParsePrefix(text)
		return network.Masked(), err
	}
	addr, err := netip.ParseAddr(text)
	if err != nil {
		return netip.Prefix{}, err
	}
	return addr.Prefix(addr.BitLen())
}

func (p Proxies) listed(addr netip.Addr) bool {
	return slices.ContainsFunc(p.networks, func(n netip.Prefix) bool { return n.Contains(addr) })
}

func (p Proxies) trusts(remote string) bool {
	addr, ok := parseHost(remote)
	return ok && p.listed(addr)
}

// caller walks from the peer towards the caller and stops at the first address that is not a listed proxy. It also
// reports whether the peer is one.
func (p Proxies) caller(r *http.Request) (ip string, byProxy bool) {
	addr, ok := parseHost(r.RemoteAddr)
	if !ok {
		return "", false
	}
	if !p.listed(addr) {
		return addr.String(), false
	}
	hops := p.hops(r)
	for i := len(hops) - 1; i >= 0 && p.listed(addr); i-- {
		next, valid := parseHost(hops[i])
		if !valid {
			break
		}
		addr = next
	}
	return addr.String(), true
}

func (p Proxies) hops(r *http.Request) []string {
	all := strings.Join(r.Header.Values(string(p.header)), ",")
	if all == "" {
		return nil
	}
	hops := strings.Split(all, ",")
	if p.header != Forwarded {
		return hops
	}
	for i, hop := range hops {
		hops[i] = forOf(hop)
	}
	return hops
}

// forOf reads the for parameter of one element of Forwarded (RFC 7239 §4).
func forOf(element string) string {
	for pair := range strings.SplitSeq(element, ";") {
		name, value, _ := strings.Cut(strings.TrimSpace(pair), "=")
		if strings.EqualFold(name, "for") {
			return strings.Trim(value, `"`)
		}
	}
	return ""
}

// parseHost reads an address with or without port, in brackets or not.
func parseHost(text string) (netip.Addr, bool) {
	text = strings.TrimSpace(text)
	if both, err := netip.ParseAddrPort(text); err == nil {
		return both.Addr().Unmap().WithZone(""), true
	}
	addr, err := netip.ParseAddr(strings.TrimSuffix(strings.TrimPrefix(text, "["), "]"))
	return addr.Unmap().WithZone(""), err == nil
}

// spoofable reports whether proxies set a header. identify removes these, so that no handler reads a value that the
// caller forged (RFC 9700 §4.13).
func spoofable(name string) bool {
	switch name {
	case "X-Forwarded-For", "X-Forwarded-Host", "X-Forwarded-Proto", "X-Forwarded-Port", "X-Forwarded-Prefix",
		"X-Real-Ip", "Forwarded", "X-Client-Ip", "True-Client-Ip", "Cf-Connecting-Ip",
		"X-Original-Url", "X-Rewrite-Url", "X-Http-Method-Override", "X-Client-Cert", "X-Ssl-Client-Cert":
		return true
	}
	return false
}

const maxUserAgent = 256

// identify reads the headers of a request once: it assigns the id, determines the address of the caller, trusting the
// listed proxies only, removes the headers that only proxies may set, and measures the others.
func (x *exchange) identify(r *http.Request, proxies Proxies) {
	ip, byProxy := proxies.caller(r)
	id := requestID(r.Header.Get(requestIDHeader), byProxy)
	agent := oauth.CutRuns(r.UserAgent()) // the audit log records it: it must not contain a credential
	if len(agent) > maxUserAgent {
		agent = strings.ToValidUTF8(agent[:maxUserAgent], "")
	}
	x.origin = event.Origin{RequestID: id, IP: ip, UserAgent: agent}
	for name, values := range r.Header {
		if spoofable(name) {
			delete(r.Header, name)
			continue
		}
		x.headerBytes += headerBytes(name, values)
	}
}
