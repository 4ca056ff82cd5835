package redisstore

import (
	"context"
	"fmt"
	"strconv"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/recipe-web-app/oauth2d/internal/oauth"
	"github.com/recipe-web-app/oauth2d/internal/redis/redisconn"
	"github.com/recipe-web-app/oauth2d/internal/store"
)

// grantIndex is the index of a user's grants, a sorted set in the order of its members: the grants to one client are
// adjacent, in the order of their creation. So counting a client's grants, finding the oldest of them and reading a
// page cost O(log n).
type grantIndex struct {
	db    *redisconn.DB
	names names
}

// grantEntry is one member: the client's tag, the time of creation, and the grant's reference without the tag of the
// user, who owns the index.
type grantEntry string

const (
	bornLength  = 9 // milliseconds in base 36, which sorts as text until the year 5188
	tailLength  = oauth.KeyLength - oauth.UserTagLength
	entryLength = store.ClientTagLength + bornLength + tailLength
)

func indexEntry(g oauth.Grant) grantEntry {
	born := strconv.FormatInt(max(g.Born.UnixMilli(), 0), 36)
	return grantEntry(string(store.TagOf(g.Client)) + fmt.Sprintf("%0*s", bornLength, born) + string(g.Ref[min(oauth.UserTagLength, len(g.Ref)):]))
}

func (e grantEntry) valid() bool { return len(e) == entryLength }

func (e grantEntry) client() store.ClientTag { return store.ClientTag(e[:store.ClientTagLength]) }

func (e grantEntry) ref(user oauth.UserTag) oauth.GrantRef {
	return oauth.GrantRef(string(user) + string(e[min(store.ClientTagLength+bornLength, len(e)):]))
}

func (e grantEntry) born() time.Time {
	millis, _ := strconv.ParseInt(string(e[store.ClientTagLength:store.ClientTagLength+bornLength]), 36, 64)
	return time.UnixMilli(millis).UTC()
}

// beyond sorts after every entry with the same prefix.
const beyond = "~"

func (i grantIndex) key(user oauth.UserID) string {
	return i.names.userGrants(oauth.TagOfUser(user), user)
}

// bounds returns the ends of the range of a query.
func bounds(q store.GrantQuery) (from, to string) {
	from, to = "-", "+"
	if q.Client != "" {
		tag := string(store.TagOf(q.Client))
		from, to = "["+tag, "("+tag+beyond
	}
	return from, to
}

// page reads entries from the last one to the first.
func (i grantIndex) page(ctx context.Context, q store.GrantQuery) ([]grantEntry, error) {
	from, to := bounds(q)
	if q.After != "" {
		to = "(" + q.After
	}
	limit := min(max(q.Limit, 1), store.MaxPage)
	cmd := redis.NewStringSliceCmd(ctx, "zrevrangebylex", i.key(q.User), to, from, "limit", 0, limit)
	if err := i.db.Read(ctx, "grants.index", cmd); err != nil {
		return nil, err
	}
	entries := make([]grantEntry, len(cmd.Val()))
	for n, text := range cmd.Val() {
		entries[n] = grantEntry(text)
	}
	return entries, nil
}

// behind counts the entries after a page.
func (i grantIndex) behind(ctx context.Context, q store.GrantQuery, last string) (int, error) {
	from, _ := bounds(q)
	cmd := redis.NewIntCmd(ctx, "zlexcount", i.key(q.User), from, "("+last)
	err := i.db.Read(ctx, "grants.index", cmd)
	return int(cmd.Val()), err
}

// listed is one entry and its grant.
type listed struct {
	entry grantEntry
	grant oauth.Grant
	found bool // the grant exists and no revocation has ended it
	dead  bool // the grant exists, and a revocation has ended it
}

// readAtOnce bounds how many grants are read in one round trip, and so the memory that a list needs.
const readAtOnce = 250

// read reads the grants of some entries and the user's revocation.
func (i grantIndex) read(ctx context.Context, user oauth.UserID, entries []grantEntry) ([]listed, error) {
	all := make([]listed, 0, len(entries))
	for len(entries) > 0 {
		some := entries[:min(readAtOnce, len(entries))]
		entries = entries[len(some):]
		read, err := i.readSome(ctx, oauth.TagOfUser(user), some)
		if err != nil {
			return nil, err
		}
		all = append(all, read...)
	}
	return all, nil
}

func (i grantIndex) readSome(ctx context.Context, user oauth.UserTag, entries []grantEntry) ([]listed, error) {
	revocation := hgetall(ctx, i.names.revokedUser(user))
	cmds := []redis.Cmder{revocation}
	for _, entry := range entries {
		cmds = append(cmds, hgetall(ctx, i.names.grant(entry.ref(user))))
	}
	if err := i.db.Read(ctx, "grants.index", cmds...); err != nil {
		return nil, err
	}
	all := make([]listed, len(entries))
	for n, entry := range entries {
		all[n].entry = entry
		fields := cmds[n+1].(*redis.StringSliceCmd).Val()
		if len(fields) == 0 {
			continue // it has ended; the cleanup removes the entry later
		}
		grant, err := decodeGrant(entry.ref(user), &stored{pairs: fields})
		if err != nil {
			return nil, err
		}
		r, err := wholeRevocation(revocation.Val(), grant.Ref, grant.Client)
		if err != nil {
			return nil, err
		}
		dead := r.EndsGrant(grant)
		all[n] = listed{entry: entry, grant: grant, found: !dead, dead: dead}
	}
	return all, nil
}

// OfUser implements store.Grants.
func (g *Grants) OfUser(ctx context.Context, q store.GrantQuery) (store.GrantPage, error) {
	index := grantIndex{db: g.db, names: g.names}
	entries, err := index.page(ctx, q)
	if err != nil {
		return store.GrantPage{}, err
	}
	var page store.GrantPage
	if len(entries) > 0 && len(entries) >= min(q.Limit, store.MaxPage) {
		page.Next = string(entries[len(entries)-1])
	}
	found, err := index.read(ctx, q.User, entries)
	if err != nil {
		return store.GrantPage{}, err
	}
	for _, one := range found {
		if one.found {
			page.Grants = append(page.Grants, one.grant)
		}
	}
	return page, nil
}

// ClientsOfUser implements store.Overview.
func (o *Overview) ClientsOfUser(ctx context.Context, q store.ClientsQuery) ([]store.ClientGrants, error) {
	index, after := grantIndex{db: o.db, names: o.names}, q.After
	var all []store.ClientGrants
	for len(all) < q.Limit {
		first, err := index.firstBehind(ctx, q.User, after)
		if err != nil || first == "" {
			return all, err
		}
		after = first
		summary, err := index.summarize(ctx, q, first)
		if err != nil {
			return nil, err
		}
		all = append(all, summary)
	}
	return all, nil
}

// firstBehind returns the next client of an index, in the order of the tags; empty after the last one.
func (i grantIndex) firstBehind(ctx context.Context, user oauth.UserID, after store.ClientTag) (store.ClientTag, error) {
	from := "-"
	if after != "" {
		from = "(" + string(after) + beyond
	}
	cmd := redis.NewStringSliceCmd(ctx, "zrangebylex", i.key(user), from, "+", "limit", 0, 1)
	if err := i.db.Read(ctx, "grants.index", cmd); err != nil || len(cmd.Val()) == 0 {
		return "", err
	}
	entry := grantEntry(cmd.Val()[0])
	if !entry.valid() {
		return "", fmt.Errorf("%w: an entry of %d characters", errAnswer, len(entry))
	}
	return entry.client(), nil
}

func (i grantIndex) summarize(ctx context.Context, q store.ClientsQuery, tag store.ClientTag) (store.ClientGrants, error) {
	summary := store.ClientGrants{Tag: tag}
	cmd := redis.NewStringSliceCmd(ctx, "zrevrangebylex", i.key(q.User), "("+string(tag)+beyond, "["+string(tag),
		"limit", 0, oauth.MaxGrantsOfClient)
	if err := i.db.Read(ctx, "grants.index", cmd); err != nil {
		return summary, err
	}
	entries := make([]grantEntry, len(cmd.Val()))
	for n, text := range cmd.Val() {
		entries[n] = grantEntry(text)
	}
	found, err := i.read(ctx, q.User, entries)
	if err != nil {
		return summary, err
	}
	for _, one := range found {
		counts := one.found
		if counts && q.Keep != nil {
			if counts, err = q.Keep(ctx, one.grant); err != nil {
				return summary, err
			}
		}
		if !counts {
			continue
		}
		summary.Client, summary.Count = one.grant.Client, summary.Count+1
		summary.Scope = summary.Scope.With(one.grant.Scope)
		if summary.Since.IsZero() || one.grant.Born.Before(summary.Since) {
			summary.Since = one.grant.Born
		}
	}
	return summary, nil
}
