package redisconn

import (
	"context"
	"errors"
	"fmt"

	"github.com/recipe-web-app/oauth2d/internal/redis/quorum"
	"github.com/recipe-web-app/oauth2d/internal/redis/redisdial"
)

// UseCredentials makes new connections log in with c, once a server of each kind has accepted it. Existing connections
// stay. After an error nothing has changed.
func (db *DB) UseCredentials(ctx context.Context, c redisdial.Credentials) error {
	if db.opt.Mode == Embedded || c == db.opt.login.Credentials() {
		return nil
	}
	trial := db.dial
	trial.Login = redisdial.NewLogin(c)
	nodes := db.opt.Addrs
	if db.opt.Mode == Sentinel {
		var err error
		if nodes, err = trySentinels(ctx, trial, db.opt.Addrs); err != nil {
			return err
		}
	}
	if err := tryNodes(ctx, trial, nodes); err != nil {
		return err
	}
	db.opt.login.Use(c)
	return nil
}

// trySentinels logs in at every Sentinel. It returns the nodes that they name.
func trySentinels(ctx context.Context, trial redisdial.Options, addrs []string) ([]string, error) {
	var nodes []string
	silent := errors.New("redis: no Sentinel names a master")
	for _, addr := range addrs {
		view, err := lookAt(ctx, trial, addr)
		if redisdial.Refused(err) {
			return nil, fmt.Errorf("redis: the Sentinel at %s refuses the new password: %w", addr, err)
		}
		if err != nil {
			silent = fmt.Errorf("redis: the Sentinel at %s did not answer: %w", addr, err)
			continue
		}
		if len(nodes) > 0 || view.Master == "" {
			continue
		}
		nodes = append(nodes, view.Master)
		for replica, down := range view.Replicas {
			if !down {
				nodes = append(nodes, replica)
			}
		}
	}
	if len(nodes) == 0 {
		return nil, silent
	}
	return nodes, nil
}

func lookAt(ctx context.Context, trial redisdial.Options, addr string) (quorum.SentinelView, error) {
	s := trial.Sentinel(addr)
	defer func() { _ = s.Close() }() // nothing is in flight
	return s.View(ctx, false)
}

// tryNodes logs in at every node: with a password that only some of them accept, a failover would lock the daemon out.
func tryNodes(ctx context.Context, trial redisdial.Options, addrs []string) error {
	accepted := false
	var silent error
	for _, addr := range addrs {
		n := trial.Node(addr)
		_, err := n.Status(ctx)
		_ = n.Close() // nothing is in flight
		switch {
		case redisdial.Refused(err):
			return fmt.Errorf("redis: %s refuses the new password: %w", addr, err)
		case err != nil:
			silent = fmt.Errorf("redis: %s did not answer: %w", addr, err)
		default:
			accepted = true
		}
	}
	if !accepted {
		return silent
	}
	return nil
}
