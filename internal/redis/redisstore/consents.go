package redisstore

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/recipe-web-app/oauth2d/internal/oauth"
	"github.com/recipe-web-app/oauth2d/internal/redis/redisconn"
	"github.com/recipe-web-app/oauth2d/internal/store"
)

// withdrawals is the field that counts the withdrawals. A client id cannot contain an @.
const withdrawals = "@withdrawals"

// Consents implements store.Consents. A consent is one field of its user's hash: the time of the consent in
// milliseconds, then the scopes. One more field counts the withdrawals.
type Consents struct {
	db    *redisconn.DB
	names names

	give, withdraw *redisconn.Script
}

// NewConsents returns the store of consents.
func NewConsents(db *redisconn.DB) *Consents {
	script := scripts(db)
	c := &Consents{db: db, names: namesOf(db), give: script("consent_give"), withdraw: script("consent_withdraw")}
	return c
}

// Give implements store.Consents.
func (c *Consents) Give(ctx context.Context, user oauth.UserID, consent oauth.Consent, since time.Time) (oauth.Consent, error) {
	args := []any{string(consent.Client), consent.Given.UnixMilli(), since.UnixMilli()}
	for _, scope := range consent.Scope {
		args = append(args, scope)
	}
	answer, err := c.db.Write(ctx, "consents.give", c.give, []string{c.names.consent(user)}, args...)
	if err != nil {
		return oauth.Consent{}, err
	}
	text, ok := answer.(string)
	if !ok {
		return oauth.Consent{}, fmt.Errorf("consent_give: %w", errAnswer)
	}
	return decodeConsent(string(consent.Client), text)
}

// Of implements store.Consents.
func (c *Consents) Of(ctx context.Context, user oauth.UserID, client oauth.ClientID) (store.ConsentState, error) {
	if isCounter(client) {
		return store.ConsentState{}, nil
	}
	cmd := redis.NewSliceCmd(ctx, "hmget", c.names.consent(user), string(client), withdrawals)
	if err := c.db.Read(ctx, "consents.of", cmd); err != nil {
		return store.ConsentState{}, err
	}
	var state store.ConsentState
	var err error
	given, _ := cmd.Val()[0].(string)
	if given != "" {
		state.Consent, err = decodeConsent(string(client), given)
	}
	if n, _ := cmd.Val()[1].(string); n != "" && err == nil {
		state.Withdrawals, err = strconv.ParseUint(n, 10, 64)
	}
	return state, err
}

// Given implements store.Consents.
func (c *Consents) Given(ctx context.Context, user oauth.UserID) ([]oauth.Consent, error) {
	cmd := hgetall(ctx, c.names.consent(user))
	if err := c.db.Read(ctx, "consents.given", cmd); err != nil {
		return nil, err
	}
	var consents []oauth.Consent
	for pair := range slices.Chunk(cmd.Val(), 2) {
		if len(pair) != 2 || pair[0] == withdrawals {
			continue
		}
		one, err := decodeConsent(pair[0], pair[1])
		if err != nil {
			return nil, err
		}
		consents = append(consents, one)
	}
	slices.SortFunc(consents, func(a, b oauth.Consent) int { return strings.Compare(string(a.Client), string(b.Client)) })
	return consents, nil
}

// Withdraw implements store.Consents.
func (c *Consents) Withdraw(ctx context.Context, user oauth.UserID, client oauth.ClientID) error {
	if isCounter(client) { // the id comes from a caller: it must not reset the counter
		return nil
	}
	keep := store.WithdrawalKeep.Milliseconds()
	_, err := c.db.Write(ctx, "consents.withdraw", c.withdraw, []string{c.names.consent(user)}, string(client), keep)
	return err
}

func isCounter(client oauth.ClientID) bool { return client == withdrawals }

func decodeConsent(client, value string) (oauth.Consent, error) {
	given, scope, _ := strings.Cut(value, " ")
	s := &stored{pairs: []string{"given", given}}
	consent := oauth.Consent{Client: oauth.ClientID(client), Scope: scopesOf(scope), Given: time.UnixMilli(s.number("given")).UTC()}
	return consent, s.err
}
