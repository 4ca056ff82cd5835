package redisstore

import (
	"context"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/recipe-web-app/oauth2d/internal/oauth"
	"github.com/recipe-web-app/oauth2d/internal/redis/redisconn"
	"github.com/recipe-web-app/oauth2d/internal/store"
)

// Revocations implements store.Revocations. A user's revocation is one hash: the generation of the last ending of each
// scope, and in v the last of all. It is in the slot of the user's grants, and every read of a grant or session reads
// it in the same round trip.
type Revocations struct {
	db    *redisconn.DB
	names names

	raise, settle, kill, unlist *redisconn.Script
}

// NewRevocations returns the store of revocations.
func NewRevocations(db *redisconn.DB) *Revocations {
	script := scripts(db)
	r := &Revocations{
		db: db, names: namesOf(db), raise: script("user_revoke"), settle: script("user_settle"),
		kill: ending(script("grant_kill")), unlist: script("unlist"),
	}
	r.raise.Establishing(raised(r.raise))
	return r
}

// Raise implements store.Revocations.
func (r *Revocations) Raise(ctx context.Context, e store.Ending) error {
	scope, spared := string(e.What), ""
	switch e.What {
	case store.EndedSession:
		scope = scopeRoot + string(e.Root)
	case store.EndedClient:
		scope = scopeClient + string(store.TagOf(e.Client))
	case store.EndedOthers:
		spared = string(e.Root)
	case store.EndedUser, store.EndedGrants:
	}
	_, err := r.db.Write(ctx, "revocations.raise", r.raise, []string{r.names.revokedUser(oauth.TagOfUser(e.User))},
		r.db.Stamp(e.Now), e.Keep.Milliseconds(), scope, spared, "")
	return err
}

// The scopes of one browser and of one client, each followed by its tag.
const (
	scopeRoot   = "s:"
	scopeClient = "c:"
)

// raised applies an ending again after a failover, as the same generation.
func raised(s *redisconn.Script) redisconn.Redo {
	return func(call redisconn.Call, answer any) *redisconn.Redone {
		generation, ok := answer.(string)
		if !ok || len(call.Args) != 5 {
			return nil
		}
		again := redisconn.Call{Keys: call.Keys, Args: append(append([]any{}, call.Args[:4]...), generation)}
		return &redisconn.Redone{Script: s, Call: again}
	}
}

// revocationOf requests the fields that can end a grant to a client.
func (n names) revocationOf(ctx context.Context, ref oauth.GrantRef, client store.ClientTag) *redis.SliceCmd {
	return redis.NewSliceCmd(ctx, "hmget", n.revokedUser(ref.User()), "v", "user", "grants", "others", "except", "sessions",
		scopeRoot+string(ref.Root()), scopeClient+string(client))
}

// decodeRevocation reads the answer to revocationOf.
func decodeRevocation(cmd *redis.SliceCmd) (oauth.Revocation, error) {
	names := []string{"v", "user", "grants", "others", "except", "sessions", "root", "client"}
	s := &stored{}
	for i, value := range cmd.Val() {
		if text, ok := value.(string); ok && i < len(names) {
			s.pairs = append(s.pairs, names[i], text)
		}
	}
	return s.revocation("root", "client")
}

// wholeRevocation reads all of a user's revocation, for a grant whose client is not known in advance.
func wholeRevocation(pairs []string, ref oauth.GrantRef, client oauth.ClientID) (oauth.Revocation, error) {
	s := &stored{pairs: pairs}
	return s.revocation(scopeRoot+string(ref.Root()), scopeClient+string(store.TagOf(client)))
}

func (s *stored) revocation(root, client string) (oauth.Revocation, error) {
	generation := func(name string) oauth.Generation { return oauth.Generation(s.number(name)) }
	r := oauth.Revocation{
		Latest: generation("v"), User: generation("user"), Grants: generation("grants"), Others: generation("others"),
		Except: oauth.RootTag(s.text("except")), Sessions: generation("sessions"), Root: generation(root), Client: generation(client),
	}
	return r, s.err
}

// Reap implements store.Revocations.
func (r *Revocations) Reap(ctx context.Context, q store.GrantQuery) (store.Reaped, error) {
	index := grantIndex{db: r.db, names: r.names}
	entries, err := index.page(ctx, q)
	if err != nil || len(entries) == 0 {
		return store.Reaped{}, err
	}
	var reaped store.Reaped
	if len(entries) == q.Limit {
		reaped.Next = string(entries[len(entries)-1])
		if reaped.Left, err = index.behind(ctx, q, reaped.Next); err != nil {
			return store.Reaped{}, err
		}
	}
	found, err := index.read(ctx, q.User, entries)
	if err != nil {
		return store.Reaped{}, err
	}
	var calls []redisconn.Call
	var gone []any
	for _, one := range found {
		switch {
		case one.dead:
			calls = append(calls, redisconn.Call{Keys: []string{r.names.grant(one.grant.Ref)}})
			gone = append(gone, string(one.entry))
			reaped.Ended++
		case !one.found:
			gone = append(gone, string(one.entry))
			reaped.Gone++
		}
	}
	// Delete the grants first: without their entries in the index they could no longer be found.
	if _, err := r.db.WriteEach(ctx, "revocations.reap", r.kill, calls); err != nil || len(gone) == 0 {
		return reaped, err
	}
	_, err = r.db.Write(ctx, "revocations.reap", r.unlist, []string{index.key(q.User)}, gone...)
	return reaped, err
}

// latest reads the generation of a user's last ending; 0 when there was none.
func (r *Revocations) latest(ctx context.Context, user oauth.UserID) (oauth.Generation, error) {
	cmd := redis.NewSliceCmd(ctx, "hmget", r.names.revokedUser(oauth.TagOfUser(user)), "v")
	if err := r.db.Read(ctx, "revocations.latest", cmd); err != nil {
		return 0, err
	}
	revocation, err := decodeRevocation(cmd)
	return revocation.Latest, err
}

// forget deletes the endings of single browsers and clients up to a generation, if they are older than settled. All
// grants that they ended must have been deleted by a Reap that began after upTo was read. The hour protects a request
// that read its session before the ending and has not created its grant yet.
func (r *Revocations) forget(ctx context.Context, user oauth.UserID, upTo oauth.Generation, now time.Time) error {
	if upTo == 0 {
		return nil
	}
	_, err := r.db.Write(ctx, "revocations.settle", r.settle, []string{r.names.revokedUser(oauth.TagOfUser(user))},
		int64(upTo), r.db.Stamp(now), settled.Milliseconds())
	return err
}
