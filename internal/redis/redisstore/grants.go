package redisstore

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/recipe-web-app/oauth2d/internal/oauth"
	"github.com/recipe-web-app/oauth2d/internal/redis/redisconn"
	"github.com/recipe-web-app/oauth2d/internal/store"
)

// Grants implements store.Grants.
type Grants struct {
	db    *redisconn.DB
	names names

	list, unlist, create, advance, kill *redisconn.Script

	unsure unsure
}

// NewGrants makes the store of grants.
func NewGrants(db *redisconn.DB) *Grants {
	g := &Grants{
		db: db, names: namesOf(db),
		list: script("grant_list"), unlist: script("unlist"), create: script("grant_create"),
		advance: script("advance"), kill: ending(script("grant_kill")),
	}
	redo := script("advance_redo")
	g.advance.Establishing(spent(redo, g.kill))
	db.Use(g.list, g.unlist, g.create, g.advance, g.kill, redo)
	return g
}

// Create implements store.Grants.
func (g *Grants) Create(ctx context.Context, grant oauth.Grant) error { return g.make(ctx, grant, 0) }

// CreateOnce implements store.Grants.
func (g *Grants) CreateOnce(ctx context.Context, grant oauth.Grant, keep time.Duration) error {
	return g.make(ctx, grant, max(keep, time.Millisecond))
}

// make stores a grant after its user's list names it, so that the list is never behind. keep is how long the
// id stays taken; 0 for an id that cannot come again.
func (g *Grants) make(ctx context.Context, grant oauth.Grant, keep time.Duration) error {
	index := g.names.userGrants(grant.User)
	answer, err := g.db.Write(ctx, "grants.list", g.list, []string{index},
		string(grant.Ref), grant.Born.UnixMilli(), grant.End.UnixMilli())
	if err != nil {
		return err
	}
	keys := []string{g.names.grant(grant.Ref)}
	if keep > 0 {
		keys = append(keys, g.names.interaction(grant.Ref))
	}
	args := append([]any{
		until(grant.Expires, grant.Born), until(grant.End, grant.Born), g.db.Stamp(grant.Born), keep.Milliseconds(),
	}, encodeGrant(grant)...)
	made, err := g.db.Write(ctx, "grants.create", g.create, keys, args...)
	if err != nil {
		return err
	}
	if n, err := count(made); err != nil || n < 0 {
		return errors.Join(err, store.Conflict)
	}
	old, err := words(answer)
	if err != nil {
		return err
	}
	g.prune(ctx, index, old)
	return nil
}

// prune takes dead grants out of a user's list, a few of the old ones each time that a grant is
// made, so that the list stays as short as its live part. Nobody depends on it: an error is the
// next one's work.
func (g *Grants) prune(ctx context.Context, index string, old []string) {
	if len(old) == 0 {
		return
	}
	cmds := make([]redis.Cmder, len(old))
	for i, ref := range old {
		cmds[i] = redis.NewIntCmd(ctx, "exists", g.names.grant(oauth.GrantRef(ref)))
	}
	if g.db.Read(ctx, "grants.prune", cmds...) != nil {
		return
	}
	var dead []any
	for i, cmd := range cmds {
		if cmd.(*redis.IntCmd).Val() == 0 {
			dead = append(dead, old[i])
		}
	}
	if len(dead) > 0 {
		_, _ = g.db.Write(ctx, "grants.unlist", g.unlist, []string{index}, dead...)
	}
}

// Advance implements store.Grants.
func (g *Grants) Advance(ctx context.Context, p store.Presentation) (store.Outcome, error) {
	keys := []string{g.names.grant(p.Grant)}
	args := []any{
		string(p.Client), p.Serial, presenterText(p.Presenter), g.db.Stamp(p.Now), g.unsure.grace(p).Milliseconds(),
		p.Rotate, p.Keep.Milliseconds(), string(p.Grant), lines(p.Scope), lines(p.Audience),
	}
	if p.Access != nil {
		keys = append(keys, g.names.accessToken(p.Access.Digest, p.Grant))
		args = append(args, p.Access.Life.Milliseconds())
	}
	answer, err := g.db.Write(ctx, "grants.advance", g.advance, keys, args...)
	if err != nil {
		g.unsure.learn(p, err)
		return store.Outcome{}, err
	}
	said, err := words(answer)
	if err != nil || len(said) == 0 {
		return store.Outcome{}, fmt.Errorf("advance: %w", errAnswer)
	}
	out := store.Outcome{Verdict: oauth.Verdict(said[0])}
	if len(said) == 1 {
		return out, nil
	}
	record := storedOf(said[2:])
	record.fields["at"] = said[1]
	out.At = record.millis("at")
	out.Grant, err = decodeGrant(p.Grant, record)
	return out, err
}

// lines is a list as scripts look for a member in it: every value stands between two line ends,
// which none of them can hold.
func lines(values []string) string {
	if len(values) == 0 {
		return ""
	}
	return "\n" + strings.Join(values, "\n") + "\n"
}

// Get implements store.Grants.
func (g *Grants) Get(ctx context.Context, ref oauth.GrantRef) (oauth.Grant, error) {
	cmd := redis.NewMapStringStringCmd(ctx, "hgetall", g.names.grant(ref))
	if err := g.db.Read(ctx, "grants.get", cmd); err != nil {
		return oauth.Grant{}, err
	}
	if len(cmd.Val()) == 0 {
		return oauth.Grant{}, store.Absent
	}
	return decodeGrant(ref, &stored{fields: cmd.Val()})
}

// OfUser implements store.Grants.
func (g *Grants) OfUser(ctx context.Context, user oauth.UserID) ([]oauth.Grant, error) {
	index := redis.NewStringSliceCmd(ctx, "zrevrange", g.names.userGrants(user), 0, -1)
	if err := g.db.Read(ctx, "grants.of_user", index); err != nil {
		return nil, err
	}
	cmds := make([]redis.Cmder, len(index.Val()))
	for i, ref := range index.Val() {
		cmds[i] = redis.NewMapStringStringCmd(ctx, "hgetall", g.names.grant(oauth.GrantRef(ref)))
	}
	if err := g.db.Read(ctx, "grants.of_user", cmds...); err != nil {
		return nil, err
	}
	var grants []oauth.Grant
	for i, cmd := range cmds {
		fields := cmd.(*redis.MapStringStringCmd).Val()
		if len(fields) == 0 {
			continue // it died; the list forgets it later
		}
		grant, err := decodeGrant(oauth.GrantRef(index.Val()[i]), &stored{fields: fields})
		if err != nil {
			return nil, err
		}
		grants = append(grants, grant)
	}
	slices.SortStableFunc(grants, func(a, b oauth.Grant) int {
		if order := b.Born.Compare(a.Born); order != 0 {
			return order
		}
		return strings.Compare(string(a.Ref), string(b.Ref))
	})
	return grants, nil
}

// Kill implements store.Grants. The user's list forgets the grants later.
func (g *Grants) Kill(ctx context.Context, refs ...oauth.GrantRef) error {
	calls := make([]redisconn.Call, len(refs))
	for i, ref := range refs {
		calls[i].Keys = []string{g.names.grant(ref)}
	}
	_, err := g.db.WriteEach(ctx, "grants.kill", g.kill, calls)
	return err
}

// presenterText keeps 72 bits of the presenter's digest: it is compared only with what was shown
// together with a valid credential, and every wrong guess of a spent one kills the grant.
func presenterText(d oauth.Digest) string { return base64.RawURLEncoding.EncodeToString(d[:9]) }

// encodeGrant gives a grant's fields. With its key it is to stay below 400 bytes for a typical
// grant; a value of more than 64 bytes would make Redis give up the compact form of the hash.
func encodeGrant(g oauth.Grant) []any {
	r := record{"serial", g.Serial}
	r.text("client", string(g.Client))
	r.text("user", string(g.User))
	r.text("name", g.Username)
	r.text("sid", string(g.Session))
	r.text("scope", g.Scope.String())
	r.list("aud", g.Audience)
	r.millis("born", g.Born)
	r.millis("exp", g.Expires)
	r.millis("end", g.End)
	r.millis("spent", g.SpentAt)
	r.seconds("auth", g.AuthTime)
	r.text("acr", g.ACR)
	r.text("redirect", g.RedirectURI)
	r.text("nonce", g.Nonce)
	return r
}

func decodeGrant(ref oauth.GrantRef, s *stored) (oauth.Grant, error) {
	grant := oauth.Grant{
		Ref:         ref,
		Client:      oauth.ClientID(s.text("client")),
		User:        oauth.UserID(s.text("user")),
		Username:    s.text("name"),
		Session:     oauth.SessionRef(s.text("sid")),
		Scope:       scopesOf(s.text("scope")),
		Audience:    s.list("aud"),
		Serial:      uint32(s.number("serial")), //nolint:gosec // written from a uint32
		Born:        s.millis("born"),
		Expires:     s.millis("exp"),
		End:         s.millis("end"),
		SpentAt:     s.millis("spent"),
		AuthTime:    s.seconds("auth"),
		ACR:         s.text("acr"),
		RedirectURI: s.text("redirect"),
		Nonce:       s.text("nonce"),
	}
	return grant, s.err
}

// scopesOf reads scopes that were checked before they were stored.
func scopesOf(text string) oauth.Scopes {
	if text == "" {
		return nil
	}
	return strings.Split(text, " ")
}
