package redisstore

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/recipe-web-app/oauth2d/internal/oauth"
	"github.com/recipe-web-app/oauth2d/internal/redis/redisconn"
)

// grantLists are the keys of the lists that name a grant.
type grantLists struct{ index, codes string }

// excess is what grant_create.lua found to be too much, or worth a look.
type excess struct {
	ofClient int          // entries of the client
	oldest   []grantEntry // of the client, oldest first; empty unless there are too many
	some     []grantEntry // of anybody
	codes    []string     // ends of the references of codes, oldest first; empty unless there are too many
}

func excessOf(said []string) (excess, error) {
	bad := fmt.Errorf("create: %w", errAnswer)
	if len(said) == 1 {
		return excess{}, nil // a grant that was over already
	}
	rest := said[1:]
	number := func() int {
		if len(rest) == 0 {
			return -1
		}
		n, err := strconv.Atoi(rest[0])
		rest = rest[1:]
		if err != nil {
			return -1
		}
		return n
	}
	entries := func() ([]grantEntry, bool) {
		n := number()
		if n < 0 || n > len(rest) {
			return nil, false
		}
		var all []grantEntry
		for _, text := range rest[:n] {
			all = append(all, grantEntry(text))
		}
		rest = rest[n:]
		return all, true
	}
	x := excess{ofClient: number()}
	var first, second bool
	x.oldest, first = entries()
	x.some, second = entries()
	if x.ofClient < 0 || !first || !second {
		return excess{}, bad
	}
	x.codes = rest
	return x, nil
}

// settled is how long ago a grant was given at least before its absence counts as its death. (An entry
// and its grant are written in one step, so that this only guards against clocks.)
const settled = time.Hour

// trim keeps the bounds of store.Grants.Create. The oldest grants are deleted before the lists forget
// them; several callers at a time may do it twice, which changes nothing.
func (g *Grants) trim(ctx context.Context, grant oauth.Grant, lists grantLists, x excess) error {
	if err := g.trimCodes(ctx, grant, lists, x.codes); err != nil {
		return err
	}
	user := grant.Ref.User()
	entries := append(slices.Clone(x.oldest), x.some...)
	if len(entries) == 0 {
		return nil
	}
	cmds := make([]redis.Cmder, len(entries))
	for i, entry := range entries {
		cmds[i] = redis.NewIntCmd(ctx, "exists", g.names.grant(entry.ref(user)))
	}
	if err := g.db.Read(ctx, "grants.trim", cmds...); err != nil {
		return err
	}
	gone := func(i int) bool { return cmds[i].(*redis.IntCmd).Val() == 0 }
	var forget []any
	surplus := x.ofClient - oauth.MaxGrantsOfClient
	for i := range x.oldest { // those that are gone already make room
		if gone(i) {
			forget, surplus = append(forget, string(x.oldest[i])), surplus-1
		}
	}
	var end []redisconn.Call
	for i := 0; i < len(x.oldest) && surplus > 0; i++ {
		if !gone(i) {
			end = append(end, redisconn.Call{Keys: []string{g.names.grant(x.oldest[i].ref(user))}})
			forget, surplus = append(forget, string(x.oldest[i])), surplus-1
		}
	}
	for i, entry := range x.some {
		if gone(len(x.oldest)+i) && entry.valid() && entry.born().Before(grant.Born.Add(-settled)) {
			forget = append(forget, string(entry))
		}
	}
	if _, err := g.db.WriteEach(ctx, "grants.trim", g.kill, end); err != nil || len(forget) == 0 {
		return err
	}
	_, err := g.db.Write(ctx, "grants.trim", g.unlist, []string{lists.index}, forget...)
	return err
}

// trimCodes ends the oldest codes of a browser and client that were not redeemed, and forgets those that
// were.
func (g *Grants) trimCodes(ctx context.Context, grant oauth.Grant, lists grantLists, codes []string) error {
	if len(codes) == 0 {
		return nil
	}
	refOf := func(tail string) oauth.GrantRef { return oauth.GrantRef(string(grant.Ref.User()) + tail) }
	cmds := make([]redis.Cmder, len(codes))
	for i, tail := range codes {
		cmds[i] = redis.NewStringCmd(ctx, "hget", g.names.grant(refOf(tail)), "serial")
	}
	if err := g.db.Read(ctx, "grants.trim", cmds...); err != nil {
		return err
	}
	var waiting []string
	var forget []any
	for i, tail := range codes {
		if cmds[i].(*redis.StringCmd).Val() == "0" {
			waiting = append(waiting, tail)
		} else {
			forget = append(forget, tail)
		}
	}
	var end []redisconn.Call
	for _, tail := range waiting[:max(len(waiting)-oauth.MaxCodesOfBrowser, 0)] {
		end = append(end, redisconn.Call{Keys: []string{g.names.grant(refOf(tail))}})
		forget = append(forget, tail)
	}
	if _, err := g.db.WriteEach(ctx, "grants.trim", g.endCode, end); err != nil || len(forget) == 0 {
		return err
	}
	_, err := g.db.Write(ctx, "grants.trim", g.unlist, []string{lists.codes}, forget...)
	return err
}
