package redisstore

import (
	"context"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/recipe-web-app/oauth2d/internal/oauth"
	"github.com/recipe-web-app/oauth2d/internal/redis/redisconn"
)

// Consents implements store.Consents. A consent is one field of its user's hash: the time it was
// given in milliseconds, then the scopes.
type Consents struct {
	db    *redisconn.DB
	names names

	give, withdraw *redisconn.Script
}

// NewConsents makes the store of consents.
func NewConsents(db *redisconn.DB) *Consents {
	c := &Consents{db: db, names: namesOf(db), give: script("consent_give"), withdraw: script("consent_withdraw")}
	db.Use(c.give, c.withdraw)
	return c
}

// Give implements store.Consents.
func (c *Consents) Give(ctx context.Context, user oauth.UserID, consent oauth.Consent) error {
	value := strings.TrimSpace(strconv.FormatInt(consent.Given.UnixMilli(), 10) + " " + consent.Scope.String())
	_, err := c.db.Write(ctx, "consents.give", c.give, []string{c.names.consent(user)}, string(consent.Client), value)
	return err
}

// Given implements store.Consents.
func (c *Consents) Given(ctx context.Context, user oauth.UserID) ([]oauth.Consent, error) {
	cmd := redis.NewMapStringStringCmd(ctx, "hgetall", c.names.consent(user))
	if err := c.db.Read(ctx, "consents.given", cmd); err != nil {
		return nil, err
	}
	var consents []oauth.Consent
	s := &stored{fields: map[string]string{}}
	for client, value := range cmd.Val() {
		given, scope, _ := strings.Cut(value, " ")
		s.fields["given"] = given
		consents = append(consents, oauth.Consent{
			Client: oauth.ClientID(client), Scope: scopesOf(scope), Given: time.UnixMilli(s.number("given")).UTC(),
		})
	}
	slices.SortFunc(consents, func(a, b oauth.Consent) int { return strings.Compare(string(a.Client), string(b.Client)) })
	return consents, s.err
}

// Withdraw implements store.Consents.
func (c *Consents) Withdraw(ctx context.Context, user oauth.UserID, client oauth.ClientID) error {
	_, err := c.db.Write(ctx, "consents.withdraw", c.withdraw, []string{c.names.consent(user)}, string(client))
	return err
}
