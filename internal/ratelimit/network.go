package ratelimit

import (
	"context"
	"net/netip"

	"github.com/recipe-web-app/oauth2d/internal/event"
)

// networkBits is the length of the IPv6 prefix by which callers are counted: a subscriber usually has a whole /64.
const networkBits = 64

// Network returns the key under which an address is counted: the IPv4 address itself, or the /64 of an IPv6
// address; empty for a text that is not an address.
func Network(ip string) string {
	addr, err := netip.ParseAddr(ip)
	if err != nil {
		return ""
	}
	addr = addr.Unmap().WithZone("")
	if addr.Is4() {
		return addr.String()
	}
	return netip.PrefixFrom(addr, networkBits).Masked().String()
}

// networkOf returns the network of the caller of a request; empty when the call has no request, as in the
// commands of operators.
func networkOf(ctx context.Context) string { return Network(event.OriginOf(ctx).IP) }
