package ratelimit

import (
	"context"
	"net/netip"

	"github.com/recipe-web-app/oauth2d/internal/event"
)

// networkBits is how much of an IPv6 address tells callers apart: who has one has all of its /64.
const networkBits = 64

// Network is what a caller's address counts as: itself, or the /64 of an IPv6 address; empty for what
// is no address.
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

// networkOf is that of the caller of a request; empty where there is none, as in the commands of
// operators.
func networkOf(ctx context.Context) string { return Network(event.OriginOf(ctx).IP) }
