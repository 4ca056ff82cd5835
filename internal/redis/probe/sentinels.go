package probe

import (
	"context"
	"slices"

	"github.com/recipe-web-app/oauth2d/internal/redis/quorum"
	"github.com/recipe-web-app/oauth2d/internal/redis/redisconn"
)

// SentinelStatus is the report of one Sentinel about itself and its group.
type SentinelStatus struct {
	Addr string
	Err  error // why it could not be asked; then the view is empty
	quorum.SentinelView
}

// Sentinels asks all Sentinels that are configured or known to those; none in another mode. One that is
// reached at two addresses is reported once.
func (p *Prober) Sentinels(ctx context.Context) []SentinelStatus {
	if p.opt.Mode != redisconn.Sentinel {
		return nil
	}
	var all []SentinelStatus
	addrs, ids := slices.Clone(p.opt.Addrs), make(map[string]bool)
	for i := 0; i < len(addrs); i++ { // addrs grows in the loop
		status := p.sentinel(ctx, addrs[i])
		if ids[status.ID] {
			continue
		}
		ids[status.ID] = true
		all = append(all, status)
		for _, peer := range status.Peers {
			if !slices.Contains(addrs, peer) {
				addrs = append(addrs, peer)
			}
		}
	}
	return all
}

func (p *Prober) sentinel(ctx context.Context, addr string) SentinelStatus {
	view, err := p.view(ctx, addr)
	if err != nil {
		return SentinelStatus{Addr: addr, Err: p.explain(ctx, err, "the Sentinel", addr), SentinelView: quorum.SentinelView{ID: addr}}
	}
	return SentinelStatus{Addr: addr, SentinelView: view}
}
