package redisstore

import (
	"cmp"
	"context"
	"encoding/base64"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/recipe-web-app/oauth2d/internal/oauth"
	"github.com/recipe-web-app/oauth2d/internal/redis/redisconn"
	"github.com/recipe-web-app/oauth2d/internal/store"
)

// Grants implements store.Grants.
type Grants struct {
	db    *redisconn.DB
	names names

	unlist, make, advance, kill, endCode *redisconn.Script

	unsure unsure
}

// NewGrants returns the store of grants.
func NewGrants(db *redisconn.DB) *Grants {
	script := scripts(db)
	g := &Grants{
		db: db, names: namesOf(db), unsure: newUnsure(db.Options().Now),
		unlist: script("unlist"), make: script("grant_create").List(),
		advance: script("advance").List(), kill: ending(script("grant_kill")), endCode: ending(script("code_end")),
	}
	redo := script("advance_redo")
	g.advance.Establishing(spent(redo, g.kill))
	return g
}

// Create implements store.Grants.
func (g *Grants) Create(ctx context.Context, grant oauth.Grant) error {
	return g.create(ctx, grant, store.Once{})
}

// CreateOnce implements store.Grants.
func (g *Grants) CreateOnce(ctx context.Context, grant oauth.Grant, once store.Once) error {
	once.Keep = max(once.Keep, time.Millisecond)
	return g.create(ctx, grant, once)
}

func (g *Grants) create(ctx context.Context, grant oauth.Grant, once store.Once) error {
	entry, user, client := indexEntry(grant), grant.Ref.User(), store.TagOf(grant.Client)
	lists := grantLists{index: g.names.userGrants(user, grant.User), codes: g.names.codes(grant.Ref, client)}
	keys := []string{g.names.grant(grant.Ref), lists.index, lists.codes, g.names.revokedUser(user)}
	if once.Name != "" {
		keys = append(keys, g.names.interaction(user, once.Name))
	}
	r := newRecord(grantArgs)
	r.args = append(r.args,
		until(grant.Expires, grant.Born), until(grant.End, grant.Born), grant.Born.UnixMilli(), string(entry),
		oauth.MaxGrantsOfClient, oauth.MaxCodesOfBrowser, int64(grant.Generation), grant.Offline, g.db.Stamp(grant.Born),
		once.Keep.Milliseconds())
	r.grant(grant)
	answer, err := g.db.Write(ctx, "grants.create", g.make, keys, r.args...)
	if err != nil {
		return err
	}
	said, err := words(answer)
	if err != nil || len(said) == 0 {
		return fmt.Errorf("create: %w", errAnswer)
	}
	switch said[0] {
	case "ended":
		return store.Revoked
	case "taken":
		return store.Conflict
	}
	excess, err := excessOf(said)
	if err != nil {
		return err
	}
	return g.trim(ctx, grant, lists, excess)
}

// Advance implements store.Grants.
func (g *Grants) Advance(ctx context.Context, p store.Presentation) (store.Outcome, error) {
	keys := []string{g.names.grant(p.Grant), g.names.revokedUser(p.Grant.User())}
	r := newRecord(advanceArgs)
	r.add(string(p.Client))
	r.args = append(r.args, p.Serial)
	r.add(presenterText(p.Presenter))
	r.args = append(r.args, g.db.Stamp(p.Now), g.unsure.grace(p).Milliseconds(), p.Rotate, p.Keep.Milliseconds())
	r.add(string(p.Grant), lines(p.Scope), lines(p.Audience), string(store.TagOf(p.Client)), p.Binding.Stored())
	if p.Access != nil {
		keys = append(keys, g.names.accessToken(p.Access.Digest, p.Grant))
		r.access(p)
	}
	answer, err := g.db.Write(ctx, "grants.advance", g.advance, keys, r.args...)
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
	now, err := strconv.ParseInt(said[1], 10, 64)
	if err != nil {
		return out, fmt.Errorf("advance: %w", errAnswer)
	}
	out.At = time.UnixMilli(now).UTC()
	out.Grant, err = decodeGrant(p.Grant, &stored{pairs: said[2:]})
	return out, err
}

// The room for the arguments of scripts.
const (
	grantArgs   = 48 // of grant_create.lua
	advanceArgs = 28 // of advance.lua
)

// access adds the arguments of advance.lua for the record of the access token. A claim that is new here needs no change
// of the script.
func (r *record) access(p store.Presentation) {
	a := p.Access
	format, formats := cmp.Or(a.Format, oauth.FormatOpaque), ""
	if a.Audience != nil {
		format = a.Formats.Format(oauth.Client{Format: format}, a.Audience)
	} else {
		for _, one := range a.Formats {
			formats += string(one.Format) + " " + one.URI + "\n"
		}
	}
	r.addNumber(a.Life.Milliseconds())
	r.add(string(format), formats)
	r.text("client", string(p.Client))
	r.text("grant", string(p.Grant))
	r.text("cnf", a.Binding.Stored())
	if a.Scope == nil {
		r.add("scope", ofTheGrant)
	} else {
		r.text("scope", a.Scope.String())
	}
	if a.Audience == nil {
		r.add("aud", ofTheGrant)
	} else {
		r.list("aud", a.Audience)
	}
}

// ofTheGrant is the value of an access token's field that advance.lua copies from the grant.
const ofTheGrant = ""

// lines returns a list in the form in which scripts search for a member: every value is between two line ends, which no
// value can contain.
func lines(values []string) string {
	if len(values) == 0 {
		return ""
	}
	size := 1
	for _, value := range values {
		size += len(value) + 1
	}
	var all strings.Builder
	all.Grow(size)
	all.WriteByte('\n')
	for _, value := range values {
		all.WriteString(value)
		all.WriteByte('\n')
	}
	return all.String()
}

// Get implements store.Grants.
func (g *Grants) Get(ctx context.Context, ref oauth.GrantRef) (oauth.Grant, error) {
	cmd := hgetall(ctx, g.names.grant(ref))
	revocation := hgetall(ctx, g.names.revokedUser(ref.User()))
	if err := g.db.Read(ctx, "grants.get", cmd, revocation); err != nil {
		return oauth.Grant{}, err
	}
	if len(cmd.Val()) == 0 {
		return oauth.Grant{}, store.Absent
	}
	grant, err := decodeGrant(ref, &stored{pairs: cmd.Val()})
	if err != nil {
		return oauth.Grant{}, err
	}
	r, err := wholeRevocation(revocation.Val(), ref, grant.Client)
	if err != nil {
		return oauth.Grant{}, err
	}
	if r.EndsGrant(grant) {
		return oauth.Grant{}, store.Absent
	}
	return grant, nil
}

// Kill implements store.Grants. The entries in the user's index are removed later.
func (g *Grants) Kill(ctx context.Context, refs ...oauth.GrantRef) error {
	calls := make([]redisconn.Call, len(refs))
	for i, ref := range refs {
		calls[i].Keys = []string{g.names.grant(ref)}
	}
	_, err := g.db.WriteEach(ctx, "grants.kill", g.kill, calls)
	return err
}

// presenterText keeps 72 bits of the presenter's digest. That is enough: it is compared only for requests with a valid
// credential, and every wrong guess with a spent credential ends the grant.
func presenterText(d oauth.Digest) string { return base64.RawURLEncoding.EncodeToString(d[:9]) }

// grant adds a grant's fields. A typical grant with its key must stay below 400 bytes; with a value of more
// than 64 bytes Redis would no longer use the compact form of the hash.
func (r *record) grant(g oauth.Grant) {
	r.number("serial", int64(g.Serial))
	r.grantType(g.Type, oauth.GrantAuthorizationCode)
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
	r.list("amr", g.AMR)
	r.text("cnf", g.Binding.Stored())
	r.flag("offline", g.Offline)
	if g.Generation != 0 {
		r.number("gen", int64(g.Generation))
	}
	r.text("redirect", g.RedirectURI)
	r.text("nonce", g.Nonce)
}

func decodeGrant(ref oauth.GrantRef, s *stored) (oauth.Grant, error) {
	grant := oauth.Grant{
		Ref:         ref,
		Type:        s.grantType(oauth.GrantAuthorizationCode),
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
		AMR:         methodsOf(s),
		Binding:     s.binding("cnf"),
		Offline:     s.flag("offline"),
		Generation:  oauth.Generation(s.number("gen")),
		RedirectURI: s.text("redirect"),
		Nonce:       s.text("nonce"),
	}
	return grant, s.err
}

// methodsOf reads the methods of a sign-in. Sessions and grants of earlier releases hold the acr only: then a
// password was the only method.
func methodsOf(s *stored) []string {
	methods := s.list("amr")
	if methods == nil && s.text("acr") == oauth.ACRPassword {
		return []string{oauth.AMRPassword}
	}
	return methods
}

// scopesOf reads scopes that were checked before they were stored.
func scopesOf(text string) oauth.Scopes {
	if text == "" {
		return nil
	}
	return strings.Split(text, " ")
}
