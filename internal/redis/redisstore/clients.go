package redisstore

import (
	"context"
	"encoding/json"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/recipe-web-app/oauth2d/internal/clientmeta"
	"github.com/recipe-web-app/oauth2d/internal/oauth"
	"github.com/recipe-web-app/oauth2d/internal/redis/redisconn"
	"github.com/recipe-web-app/oauth2d/internal/store"
)

// Clients implements store.Clients. A script changes a registration, the list of ids and the version of all clients
// atomically.
type Clients struct {
	db    *redisconn.DB
	names names

	put, drop *redisconn.Script
}

// NewClients returns the store of clients.
func NewClients(db *redisconn.DB) *Clients {
	script := scripts(db)
	c := &Clients{
		db: db, names: namesOf(db),
		put: script("client_put"), drop: script("client_delete"),
	}
	return c
}

func (c *Clients) keys(id oauth.ClientID) []string {
	return []string{c.names.client(id), c.names.clients(), c.names.clientsVersion()}
}

// Get implements store.Clients.
func (c *Clients) Get(ctx context.Context, id oauth.ClientID) (oauth.Client, error) {
	cmd := hgetall(ctx, c.names.client(id))
	if err := c.db.Read(ctx, "clients.get", cmd); err != nil {
		return oauth.Client{}, err
	}
	if len(cmd.Val()) == 0 {
		return oauth.Client{}, store.Absent
	}
	return decodeClient(id, &stored{pairs: cmd.Val()})
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
	return revision(answer)
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

// pageOf selects a part of an ordered list.
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

// revision returns the new revision that a script answered; store.Conflict when it wrote nothing.
func revision(answer any) (uint64, error) {
	n, err := count(answer)
	if err == nil && n == 0 {
		err = store.Conflict
	}
	return uint64(max(n, 0)), err
}

// absentWhenZero returns store.Absent when a script deleted nothing.
func absentWhenZero(answer any) error {
	n, err := count(answer)
	if err == nil && n == 0 {
		return store.Absent
	}
	return err
}

// bookkeeping are the members of the stored registration beside the properties of clientmeta. Their names must never
// change.
type bookkeeping struct {
	NotBefore time.Time `json:"not_before,omitzero"`
	Created   time.Time `json:"created,omitzero"`
	Updated   time.Time `json:"updated,omitzero"`
}

// secret is the stored form of a client secret: its hash, never the secret.
type secret struct {
	ID      string             `json:"id"`
	Scheme  oauth.SecretScheme `json:"scheme"`
	Key     string             `json:"key,omitempty"`
	Hash    string             `json:"hash"`
	Created time.Time          `json:"created,omitzero"`
	Expires time.Time          `json:"expires,omitzero"`
}

func encodeClient(c oauth.Client) (registration, secrets string, err error) {
	members := clientmeta.Stored(&c)
	for name, at := range map[string]time.Time{"not_before": c.NotBefore, "created": c.Created, "updated": c.Updated} {
		if !at.IsZero() {
			members[name] = at
		}
	}
	metadata, err := json.Marshal(members)
	if err != nil {
		return "", "", err
	}
	stored := make([]secret, len(c.Secrets))
	for i, s := range c.Secrets {
		stored[i] = secret(s)
	}
	digests, err := json.Marshal(stored)
	return string(metadata), string(digests), err
}

func decodeClient(id oauth.ClientID, s *stored) (oauth.Client, error) {
	registration := []byte(s.text("registration"))
	var times bookkeeping
	if err := json.Unmarshal(registration, &times); err != nil {
		s.fail("registration", err)
	}
	client := oauth.Client{
		ID: id, NotBefore: times.NotBefore, Created: times.Created, Updated: times.Updated,
		Revision: uint64(s.number("revision")), //nolint:gosec // counts up from 1
	}
	if err := clientmeta.Load(&client, registration); err != nil {
		s.fail("registration", err)
	}
	var secrets []secret
	if err := json.Unmarshal([]byte(s.text("secrets")), &secrets); err != nil {
		s.fail("secrets", err)
	}
	for _, one := range secrets {
		client.Secrets = append(client.Secrets, oauth.Secret(one))
	}
	return client, s.err
}
