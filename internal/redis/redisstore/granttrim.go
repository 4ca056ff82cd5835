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
	"github.com/recipe-web-app/oauth2d/internal/store"
)

// grantLists holds the keys of the lists that contain a grant.
type grantLists struct{ index, codes string }

// excess is the result of grant_create.lua: entries beyond the bounds, and some that may have ended.
type excess struct {
	ofClient int          // entries of the client
	oldest   []grantEntry // of the client, oldest first; empty unless there are too many
	some     []grantEntry // of any client
	codes    []string     // ends of the references of codes, oldest first; empty unless there are too many
}

func excessOf(said []string) (excess, error) {
	bad := fmt.Errorf("create: %w", errAnswer)
	if len(said) == 1 {
		return excess{}, nil // the grant had already expired
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

// settled is the minimum age of an entry whose missing grant counts as ended. (An entry and its grant are written in
// one step, so this only protects against clocks that differ.)
const settled = time.Hour

// trim keeps the bounds of store.Grants.Create. It deletes the oldest grants before it removes their entries from the
// lists. Concurrent callers may do this twice, which changes nothing.
func (g *Grants) trim(ctx context.Context, grant oauth.Grant, lists grantLists, x excess) error {
	if err := g.trimCodes(ctx, grant, lists, x.codes); err != nil {
		return err
	}
	if len(x.oldest)+len(x.some) == 0 {
		return nil
	}
	user := grant.Ref.User()
	gone, err := g.gone(ctx, user, append(slices.Clone(x.oldest), x.some...))
	if err != nil {
		return err
	}
	var forget []any
	for i, entry := range x.oldest { // entries whose grants have ended make room
		if gone[i] {
			forget = append(forget, string(entry))
		}
	}
	var end []redisconn.Call
	if x.ofClient-len(forget) > oauth.MaxGrantsOfClient {
		if forget, end, err = g.surplus(ctx, user, lists.index, store.TagOf(grant.Client)); err != nil {
			return err
		}
	}
	for i, entry := range x.some {
		if gone[len(x.oldest)+i] && entry.valid() && entry.born().Before(grant.Born.Add(-settled)) {
			forget = append(forget, string(entry))
		}
	}
	if _, err := g.db.WriteEach(ctx, "grants.trim", g.kill, end); err != nil {
		return err
	}
	for some := range slices.Chunk(forget, store.MaxPage) { // a script accepts only some thousand arguments
		if _, err := g.db.Write(ctx, "grants.trim", g.unlist, []string{lists.index}, some...); err != nil {
			return err
		}
	}
	return nil
}

// gone returns those entries whose grants no longer exist.
func (g *Grants) gone(ctx context.Context, user oauth.UserTag, entries []grantEntry) ([]bool, error) {
	cmds := make([]redis.Cmder, len(entries))
	for i, entry := range entries {
		cmds[i] = redis.NewIntCmd(ctx, "exists", g.names.grant(entry.ref(user)))
	}
	if err := g.db.Read(ctx, "grants.trim", cmds...); err != nil {
		return nil, err
	}
	all := make([]bool, len(entries))
	for i, cmd := range cmds {
		all[i] = cmd.(*redis.IntCmd).Val() == 0
	}
	return all, nil
}

// surplusMost bounds how many entries surplus reads. If there are more, it reads the oldest, and the next Create
// continues.
const surplusMost = 4 * store.MaxPage

// surplus decides which of a client's grants end. It reads all entries, because the younger ones may belong to grants
// that no longer exist: codes that were never redeemed must not end grants that are in use. It reads the entries again,
// so that entries that another caller has removed in the meantime do not count.
func (g *Grants) surplus(
	ctx context.Context, user oauth.UserTag, index string, client store.ClientTag,
) (forget []any, end []redisconn.Call, err error) {
	cmd := redis.NewStringSliceCmd(ctx, "zrangebylex", index, "["+string(client), "("+string(client)+beyond, "limit", 0, surplusMost)
	if err := g.db.Read(ctx, "grants.trim", cmd); err != nil || len(cmd.Val()) == 0 {
		return nil, nil, err
	}
	entries := make([]grantEntry, len(cmd.Val()))
	for i, text := range cmd.Val() {
		entries[i] = grantEntry(text)
	}
	gone, err := g.gone(ctx, user, entries)
	if err != nil {
		return nil, nil, err
	}
	var live []grantEntry
	for i, entry := range entries {
		if gone[i] {
			forget = append(forget, string(entry))
		} else {
			live = append(live, entry)
		}
	}
	for _, entry := range live[:max(len(live)-oauth.MaxGrantsOfClient, 0)] {
		end = append(end, redisconn.Call{Keys: []string{g.names.grant(entry.ref(user))}})
		forget = append(forget, string(entry))
	}
	return forget, end, nil
}

// trimCodes ends the oldest codes of a browser and client that were not redeemed, and removes the entries of those that
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
