package redisstore

import (
	"context"
	"encoding/json"
	"errors"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/recipe-web-app/oauth2d/internal/oauth"
	"github.com/recipe-web-app/oauth2d/internal/redis/redisconn"
	"github.com/recipe-web-app/oauth2d/internal/store"
)

// Clients implements store.Clients. A registration, the list of all ids and the version of all
// clients change in one step.
type Clients struct {
	db    *redisconn.DB
	names names

	put, drop, raise *redisconn.Script
}

// NewClients makes the store of clients.
func NewClients(db *redisconn.DB) *Clients {
	c := &Clients{
		db: db, names: namesOf(db),
		put: script("client_put"), drop: script("client_delete"), raise: ending(script("epoch_raise")),
	}
	db.Use(c.put, c.drop, c.raise)
	return c
}

func (c *Clients) keys(id oauth.ClientID) []string {
	return []string{c.names.client(id), c.names.clients(), c.names.clientsVersion()}
}

// Get implements store.Clients.
func (c *Clients) Get(ctx context.Context, id oauth.ClientID) (oauth.Client, error) {
	cmd := redis.NewMapStringStringCmd(ctx, "hgetall", c.names.client(id))
	if err := c.db.Read(ctx, "clients.get", cmd); err != nil {
		return oauth.Client{}, err
	}
	if len(cmd.Val()) == 0 {
		return oauth.Client{}, store.Absent
	}
	return decodeClient(id, &stored{fields: cmd.Val()})
}

// Put implements store.Clients.
func (c *Clients) Put(ctx context.Context, client oauth.Client) (uint64, error) {
	registration, secrets, err := encodeClient(client)
	if err != nil {
		return 0, err
	}
	answer, err := c.db.Write(ctx, "clients.put", c.put, c.keys(client.ID),
		string(client.ID), client.Revision, registration, secrets)
	if err != nil {
		return 0, err
	}
	revision, err := count(answer)
	if err != nil {
		return 0, err
	}
	if revision == 0 {
		return 0, store.Conflict
	}
	return uint64(revision), nil //nolint:gosec // counts up from 1
}

// Delete implements store.Clients.
func (c *Clients) Delete(ctx context.Context, id oauth.ClientID) error {
	answer, err := c.db.Write(ctx, "clients.delete", c.drop, c.keys(id), string(id))
	if err != nil {
		return err
	}
	return absentWhenZero(answer)
}

// List implements store.Clients.
func (c *Clients) List(ctx context.Context, after oauth.ClientID, limit int) ([]oauth.ClientID, error) {
	return page[oauth.ClientID](ctx, c.db, pageOf{"clients.list", c.names.clients(), string(after), limit})
}

// Version implements store.Clients.
func (c *Clients) Version(ctx context.Context) (uint64, time.Time, error) {
	version := redis.NewIntCmd(ctx, "get", c.names.clientsVersion())
	epoch := redis.NewIntCmd(ctx, "get", c.names.epoch())
	if err := c.db.Read(ctx, "clients.version", version, epoch); err != nil {
		return 0, time.Time{}, err
	}
	for _, cmd := range []*redis.IntCmd{version, epoch} {
		if err := cmd.Err(); err != nil && !errors.Is(err, redis.Nil) {
			return 0, time.Time{}, err
		}
	}
	counted := uint64(version.Val()) //nolint:gosec // counts up from 1
	if epoch.Val() == 0 {
		return counted, time.Time{}, nil
	}
	return counted, time.UnixMilli(epoch.Val()).UTC(), nil
}

// RaiseEpoch implements store.Clients.
func (c *Clients) RaiseEpoch(ctx context.Context, before time.Time) error {
	_, err := c.db.Write(ctx, "clients.raise_epoch", c.raise, []string{c.names.epoch()}, before.UnixMilli())
	return err
}

// pageOf says which part of an ordered list is wanted.
type pageOf struct {
	verb, key, after string
	limit            int
}

// page reads ids from a list that is ordered by the ids themselves.
func page[ID ~string](ctx context.Context, db *redisconn.DB, p pageOf) ([]ID, error) {
	if p.limit <= 0 {
		return nil, nil
	}
	from := "-"
	if p.after != "" {
		from = "(" + p.after
	}
	cmd := redis.NewStringSliceCmd(ctx, "zrangebylex", p.key, from, "+", "limit", 0, p.limit)
	if err := db.Read(ctx, p.verb, cmd); err != nil {
		return nil, err
	}
	var ids []ID
	for _, id := range cmd.Val() {
		ids = append(ids, ID(id))
	}
	return ids, nil
}

// absentWhenZero reads the answer of a script that counts what it deleted.
func absentWhenZero(answer any) error {
	n, err := count(answer)
	if err == nil && n == 0 {
		return store.Absent
	}
	return err
}

// registration is the stored form of a client; its names must not change.
type registration struct {
	Name           string            `json:"name,omitempty"`
	Disabled       bool              `json:"disabled,omitempty"`
	Method         oauth.AuthMethod  `json:"token_endpoint_auth_method"`
	Type           string            `json:"application_type,omitempty"`
	RedirectURIs   []string          `json:"redirect_uris,omitempty"`
	PostLogoutURIs []string          `json:"post_logout_redirect_uris,omitempty"`
	GrantTypes     []string          `json:"grant_types,omitempty"`
	Scopes         []string          `json:"scopes,omitempty"`
	DefaultScopes  []string          `json:"default_scopes,omitempty"`
	Audience       []string          `json:"audience,omitempty"`
	Resources      []string          `json:"resources,omitempty"`
	Format         oauth.TokenFormat `json:"format,omitempty"`
	Algorithm      string            `json:"algorithm,omitempty"`
	Rotation       string            `json:"rotation,omitempty"`
	Introspection  string            `json:"introspection,omitempty"`
	SkipConsent    bool              `json:"skip_consent,omitempty"`
	SignOutEndsAll bool              `json:"sign_out_ends_offline_access,omitempty"`
	Lifetimes      lifetimes         `json:"lifetimes_ms,omitzero"`
	Claims         map[string]string `json:"claims,omitempty"`
	PerMinute      int               `json:"requests_per_minute,omitempty"`
	NotBefore      time.Time         `json:"not_before,omitzero"`
	Created        time.Time         `json:"created,omitzero"`
	Updated        time.Time         `json:"updated,omitzero"`
}

type lifetimes struct {
	Code            int64 `json:"code,omitempty"`
	Access          int64 `json:"access,omitempty"`
	RefreshIdle     int64 `json:"refresh_idle,omitempty"`
	RefreshAbsolute int64 `json:"refresh_absolute,omitempty"`
}

// secret is the stored form of a client secret: its digest, never the secret.
type secret struct {
	ID      string             `json:"id"`
	Scheme  oauth.SecretScheme `json:"scheme"`
	Key     string             `json:"key,omitempty"`
	Hash    string             `json:"hash"`
	Created time.Time          `json:"created,omitzero"`
	Expires time.Time          `json:"expires,omitzero"`
}

func encodeClient(c oauth.Client) (shown, hidden string, err error) {
	metadata, err := json.Marshal(registration{
		Name: c.Name, Disabled: c.Disabled, Method: c.Method, Type: string(c.Type),
		RedirectURIs: c.RedirectURIs, PostLogoutURIs: c.PostLogoutURIs, GrantTypes: c.GrantTypes,
		Scopes: c.Scopes, DefaultScopes: c.DefaultScopes, Audience: c.Audience, Resources: c.Resources,
		Format: c.Format, Algorithm: c.Algorithm, Rotation: string(c.Rotation),
		Introspection: string(c.Introspection), SkipConsent: c.SkipConsent, SignOutEndsAll: c.SignOutEndsAll,
		Lifetimes: lifetimes{
			Code: c.Lifetimes.Code.Milliseconds(), Access: c.Lifetimes.Access.Milliseconds(),
			RefreshIdle:     c.Lifetimes.RefreshIdle.Milliseconds(),
			RefreshAbsolute: c.Lifetimes.RefreshAbsolute.Milliseconds(),
		},
		Claims: c.Claims, PerMinute: c.RequestsPerMinute, NotBefore: c.NotBefore, Created: c.Created, Updated: c.Updated,
	})
	if err != nil {
		return "", "", err
	}
	secrets := make([]secret, len(c.Secrets))
	for i, s := range c.Secrets {
		secrets[i] = secret(s)
	}
	digests, err := json.Marshal(secrets)
	return string(metadata), string(digests), err
}

func decodeClient(id oauth.ClientID, s *stored) (oauth.Client, error) {
	var r registration
	if err := json.Unmarshal([]byte(s.text("registration")), &r); err != nil {
		s.fail("registration", err)
	}
	var secrets []secret
	if err := json.Unmarshal([]byte(s.text("secrets")), &secrets); err != nil {
		s.fail("secrets", err)
	}
	client := oauth.Client{
		ID: id, Name: r.Name, Disabled: r.Disabled, Method: r.Method, Type: oauth.ApplicationType(r.Type),
		RedirectURIs: r.RedirectURIs, PostLogoutURIs: r.PostLogoutURIs, GrantTypes: r.GrantTypes,
		Scopes: r.Scopes, DefaultScopes: r.DefaultScopes, Audience: r.Audience, Resources: r.Resources,
		Format: r.Format, Algorithm: r.Algorithm, Rotation: oauth.Rotation(r.Rotation),
		Introspection: oauth.Introspection(r.Introspection),
		SkipConsent:   r.SkipConsent,

		SignOutEndsAll: r.SignOutEndsAll,
		Lifetimes: oauth.Lifetimes{
			Code: millis(r.Lifetimes.Code), Access: millis(r.Lifetimes.Access),
			RefreshIdle: millis(r.Lifetimes.RefreshIdle), RefreshAbsolute: millis(r.Lifetimes.RefreshAbsolute),
		},
		Claims: r.Claims, RequestsPerMinute: r.PerMinute, NotBefore: r.NotBefore, Created: r.Created, Updated: r.Updated,
		Revision: uint64(s.number("revision")), //nolint:gosec // counts up from 1
	}
	for _, one := range secrets {
		client.Secrets = append(client.Secrets, oauth.Secret(one))
	}
	return client, s.err
}

func millis(n int64) time.Duration { return time.Duration(n) * time.Millisecond }
