package redisstore

import (
	"context"
	"strconv"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/recipe-web-app/oauth2d/internal/oauth"
	"github.com/recipe-web-app/oauth2d/internal/redis/redisconn"
	"github.com/recipe-web-app/oauth2d/internal/store"
)

// Overview implements store.Overview over the lists that the other stores keep.
type Overview struct {
	db    *redisconn.DB
	names names
}

// NewOverview returns the store of the operators' queries.
func NewOverview(db *redisconn.DB) *Overview { return &Overview{db: db, names: namesOf(db)} }

// Counts implements store.Overview.
func (o *Overview) Counts(ctx context.Context, now time.Time) (store.Counts, error) {
	clients := redis.NewIntCmd(ctx, "zcard", o.names.clients())
	users := redis.NewIntCmd(ctx, "zcard", o.names.users())
	sessions := redis.NewIntCmd(ctx, "zcount", o.names.sessions(), behind(now), "+inf")
	if err := o.db.Read(ctx, "overview.counts", clients, users, sessions); err != nil {
		return store.Counts{}, err
	}
	return store.Counts{Clients: int(clients.Val()), Users: int(users.Val()), Sessions: int(sessions.Val())}, nil
}

// behind returns the range of scores after a time.
func behind(t time.Time) string { return "(" + strconv.FormatInt(t.UnixMilli(), 10) }

// sameMoment bounds how many sessions of one millisecond a place can distinguish.
const sameMoment = 10_000

// Sessions implements store.Overview.
func (o *Overview) Sessions(
	ctx context.Context, after store.SessionPlace, limit int, now time.Time,
) ([]oauth.Session, store.SessionPlace, error) {
	refs, places, err := o.placesBehind(ctx, after, limit, now)
	if err != nil || len(refs) == 0 {
		return nil, store.SessionPlace{}, err
	}
	cmds := make([]redis.Cmder, 2*len(refs))
	for i, ref := range refs {
		cmds[2*i] = hgetall(ctx, o.names.session(ref))
		cmds[2*i+1] = o.names.sessionRevocation(ctx, ref.User())
	}
	if err := o.db.Read(ctx, "overview.sessions", cmds...); err != nil {
		return nil, store.SessionPlace{}, err
	}
	var live []oauth.Session
	for i, ref := range refs {
		session, alive, err := aliveSession(ref, cmds[2*i], cmds[2*i+1].(*redis.SliceCmd), now)
		if err != nil {
			return nil, store.SessionPlace{}, err
		}
		if alive {
			live = append(live, session)
		}
	}
	if len(refs) < limit {
		return live, store.SessionPlace{}, nil
	}
	return live, places[len(places)-1], nil
}

// placesBehind reads the next sessions. Those with one score are in the order of their refs.
func (o *Overview) placesBehind(
	ctx context.Context, after store.SessionPlace, limit int, now time.Time,
) ([]oauth.SessionRef, []store.SessionPlace, error) {
	if after.Expires.Before(now) {
		after = store.SessionPlace{Expires: now} // expired sessions are skipped
	}
	score := after.Expires.UnixMilli()
	same := redis.NewZSliceCmd(ctx, "zrangebyscore", o.names.sessions(), score, score, "withscores", "limit", 0, sameMoment)
	rest := redis.NewZSliceCmd(ctx, "zrangebyscore", o.names.sessions(), behind(after.Expires), "+inf", "withscores", "limit", 0, limit)
	if err := o.db.Read(ctx, "overview.sessions", same, rest); err != nil {
		return nil, nil, err
	}
	var refs []oauth.SessionRef
	var places []store.SessionPlace
	for _, one := range append(same.Val(), rest.Val()...) {
		ref, _ := one.Member.(string)
		if int64(one.Score) == score && ref <= string(after.Ref) || len(refs) == limit {
			continue
		}
		refs = append(refs, oauth.SessionRef(ref))
		places = append(places, store.SessionPlace{Expires: time.UnixMilli(int64(one.Score)).UTC(), Ref: oauth.SessionRef(ref)})
	}
	return refs, places, nil
}

// SessionsBehind implements store.Overview.
func (o *Overview) SessionsBehind(ctx context.Context, after store.SessionPlace, now time.Time) (int, error) {
	from := after.Expires
	if from.Before(now) {
		from = now
	}
	n := redis.NewIntCmd(ctx, "zcount", o.names.sessions(), behind(from), "+inf")
	if err := o.db.Read(ctx, "overview.sessions", n); err != nil {
		return 0, err
	}
	return int(n.Val()), nil
}
