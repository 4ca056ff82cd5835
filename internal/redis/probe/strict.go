package probe

import (
	"context"
	"fmt"

	"github.com/redis/go-redis/v9"
)

// checkStrict checks what strict durability needs: the user may run what proves a write, a majority of
// the Sentinels answers, and every replica is recognised by name. Data that does not survive the
// restart of a process is only a warning elsewhere: strict durability survives the loss of one server.
func (p *Prober) checkStrict(ctx context.Context, master string) error {
	server := p.dial.Client(master, nil)
	defer func() { _ = server.Close() }()
	if err := p.checkWait(ctx, server); err != nil {
		return err
	}
	sentinels := p.Sentinels(ctx)
	if err := p.checkMajority(sentinels); err != nil {
		return err
	}
	return p.checkNames(ctx, master, sentinels)
}

// checkWait checks that the user may run WAIT, without which no write is ever acknowledged.
func (p *Prober) checkWait(ctx context.Context, server *redis.Client) error {
	if err := server.Do(ctx, "wait", 0, 1).Err(); err != nil {
		return p.explainServer(ctx, err, server.Options().Addr, "wait")
	}
	return nil
}

// checkMajority returns an error when no majority of all Sentinels answers; fewer can never agree.
func (p *Prober) checkMajority(sentinels []SentinelStatus) error {
	total, answered := len(p.opt.Addrs), 0
	for _, s := range sentinels {
		if s.Err == nil {
			total, answered = max(total, s.OtherSentinels+1), answered+1
		}
	}
	if answered <= total/2 {
		return &passing{fmt.Errorf("redis: there are %d Sentinels and only %d can be heard: strict durability needs a "+
			"majority of them: configure them all, under addresses that are reached from here", total, answered)}
	}
	return nil
}
