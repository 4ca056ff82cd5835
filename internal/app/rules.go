package app

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/recipe-web-app/oauth2d/internal/admin"
	"github.com/recipe-web-app/oauth2d/internal/authorize"
	"github.com/recipe-web-app/oauth2d/internal/cleanup"
	"github.com/recipe-web-app/oauth2d/internal/clientauth"
	"github.com/recipe-web-app/oauth2d/internal/clientmeta"
	"github.com/recipe-web-app/oauth2d/internal/config"
	"github.com/recipe-web-app/oauth2d/internal/directory"
	"github.com/recipe-web-app/oauth2d/internal/epoch"
	"github.com/recipe-web-app/oauth2d/internal/event"
	"github.com/recipe-web-app/oauth2d/internal/freshness"
	"github.com/recipe-web-app/oauth2d/internal/granttype"
	"github.com/recipe-web-app/oauth2d/internal/http/adminapi"
	"github.com/recipe-web-app/oauth2d/internal/jose"
	"github.com/recipe-web-app/oauth2d/internal/keyring"
	"github.com/recipe-web-app/oauth2d/internal/oauth"
	"github.com/recipe-web-app/oauth2d/internal/ratelimit"
	"github.com/recipe-web-app/oauth2d/internal/registry"
	"github.com/recipe-web-app/oauth2d/internal/secret"
	"github.com/recipe-web-app/oauth2d/internal/session"
	"github.com/recipe-web-app/oauth2d/internal/signin"
	"github.com/recipe-web-app/oauth2d/internal/token"
)

// longestAccess is the longest lifetime of an access token, whatever its client is registered with. Records that are
// needed for access tokens are kept for this long.
const longestAccess = clientmeta.MaxAccessLife

// base holds the packages that the command line uses as well.
type base struct {
	stores    stores
	ring      *keyring.Ring
	hasher    *secret.Hasher
	lease     *freshness.Lease // of answers from memory
	registry  *registry.Registry
	directory *directory.Directory
	sessions  *session.Sessions
	cleanup   *cleanup.Cleanup
	passwords *ratelimit.Guard // of the directory
}

// newBase creates the packages of the third floor. It loads the key ring, or creates it when Redis is empty.
func newBase(ctx context.Context, c config.Config, s stores, events event.Sink, now func() time.Time) (base, error) {
	sealer, err := c.Sealer()
	if err != nil {
		return base{}, err
	}
	ring := keyring.New(keyring.Options{
		Store:     s.keys,
		Sealer:    sealer,
		Events:    events,
		Now:       now,
		Issuer:    s.owner,
		Algorithm: jose.Algorithm(c.Keys.Algorithm),
		Also:      alsoSigned(c),
		Every:     c.Keys.RotateEvery,
		Ahead:     c.Keys.PublishAhead,
		Keep:      longestAccess,
		MACKeep:   clientmeta.MaxRefreshLife,
	})
	if err := ring.Load(ctx); err != nil {
		return base{}, explainRing(err)
	}
	hasher := secret.NewHasher(secret.HasherOptions{
		Memory:   uint32(c.Password.Memory), //nolint:gosec // G115: the settings are bounded
		Time:     uint32(c.Password.Time),   //nolint:gosec // G115: likewise
		Threads:  uint8(c.Password.Threads), //nolint:gosec // G115: likewise
		Parallel: c.Password.Parallel,
		Queue:    c.Password.Queue,
	})
	passwords := counting{c.Limits, s.limits, events, now}.guard(ratelimit.LoginFailures, ratelimit.LoginFailuresIP)
	lease := freshness.New(freshness.Options{Store: s.fresh, Now: now})
	clients := registry.New(registry.Options{Store: s.clients, Lease: lease, Peppers: ring, Hasher: hasher, Now: now, Supported: Supported(), Declared: declaredScopes(c), Algorithms: ring.Algorithms(), Schemes: c.RedirectSchemes})
	s = s.since(epoch.Rule{Epoch: lease.Epoch, Client: clients.Client})
	return base{
		stores:   s,
		ring:     ring,
		hasher:   hasher,
		lease:    lease,
		registry: clients,
		directory: directory.New(directory.Options{
			Store: s.users, Hasher: hasher, Events: events, Now: now, Guard: passwords,
			MinLength: c.Password.MinLength, Words: serviceWords(c),
		}),
		passwords: passwords,
		sessions: session.New(session.Options{
			Issuer: s.owner,
			Store:  s.sessions, Revocations: s.revocations, Events: events, Now: now, Life: c.Session.Idle,
			Absolute: c.Session.Absolute, Limit: c.Session.Limit, KeepEnding: clientmeta.MaxRefreshLife,
		}),
		cleanup: cleanup.New(cleanup.Options{
			Sweeps: s.sweeps, Users: s.users, Clients: s.clients, Consents: s.consents, Events: events, Now: now,
			Holder: secret.NewToken(holderBytes),
		}),
	}, nil
}

// serviceWords returns the names of this service: a password must not consist of them.
func serviceWords(c config.Config) []string {
	words := []string{"oauth2d", c.Brand.Name}
	if u, err := url.Parse(c.Issuer); err == nil {
		words = append(words, strings.Split(u.Hostname(), ".")...)
	}
	return words
}

func explainRing(err error) error {
	if errors.Is(err, keyring.ErrMasterKey) {
		return errors.New("master_key: it is not the one that the keys in Redis were sealed with; hint: give the right one, or the earlier one as master_key_previous")
	}
	return fmt.Errorf("keys: %w", err)
}

// alsoSigned returns the algorithms that keys are kept for besides the default one. RS256 is among them if ID tokens
// are issued: every OpenID Connect client supports it, and some support nothing else (OIDC Discovery §3).
func alsoSigned(c config.Config) []jose.Algorithm {
	var all []jose.Algorithm
	for _, name := range c.Keys.Extra {
		all = append(all, jose.Algorithm(name))
	}
	if slices.Contains(scopeNames(c), oauth.ScopeOpenID) {
		all = append(all, jose.RS256)
	}
	return all
}

// rules holds the packages of the fourth and fifth floor.
type rules struct {
	base
	clients    *clientauth.Authenticator
	limits     *ratelimit.Limiter
	guards     []*ratelimit.Guard // every one
	tokens     *token.Tokens
	grantTypes *granttype.Pipeline
	authorizer *authorize.Authorizer
	signIn     *signin.SignIn
	admin      *admin.Admin
}

// parts are the dependencies of the grant types.
type parts struct {
	chain     *granttype.Chain
	grace     time.Duration
	now       func() time.Time
	userOnly  oauth.Scopes
	resources oauth.Resources
}

// grantTypes lists the grant types of the server: add a new one here, in one line.
func grantTypes(p parts) []granttype.Type {
	return []granttype.Type{
		granttype.AuthorizationCode{Chain: p.chain},
		granttype.RefreshToken{Chain: p.chain, Grace: p.grace},
		granttype.ClientCredentials{Now: p.now, UserOnly: p.userOnly, Resources: p.resources},
	}
}

// authMethods lists the client authentication methods of the server: add a new one here, in one line.
func authMethods(r *registry.Registry) []clientauth.Method {
	return []clientauth.Method{
		clientauth.NewSecretBasic(r),
		clientauth.NewSecretPost(r),
		clientauth.NewNone(r),
	}
}

// Supported describes every grant type and client authentication method of this program. They describe themselves
// without their dependencies, so the list exists before these: the registry and the command line use it.
func Supported() oauth.Supported {
	return oauth.Supported{GrantTypes: granttype.Describe(grantTypes(parts{})...), AuthMethods: clientauth.Describe(authMethods(nil)...)}
}

// newRules creates the packages of the upper floors: one line for each.
func newRules(c config.Config, issuer string, b base, events event.Sink, now func() time.Time) rules {
	lifetimes, resources, counts := lifetimesOf(c), resourcesOf(c), counting{c.Limits, b.stores.limits, events, now}
	limits := counts.limiter()
	secrets := counts.guard(ratelimit.ClientFailures, ratelimit.ClientFailuresIP)
	tokens := token.New(token.Options{
		Access: b.stores.access, Grants: b.stores.grants, Clients: b.registry, Ring: b.ring, Events: events, Now: now, Issuer: issuer,
		Audience: c.Token.Audience, Lifetimes: lifetimes, Resources: resources, Longest: longestAccess,
	})
	chain := &granttype.Chain{Grants: b.stores.grants, Ring: b.ring, Tokens: tokens, Events: events, Now: now}
	signIn := signin.New(signin.Options{Directory: b.directory, Sessions: b.sessions, Ring: b.ring, Events: events, Now: now})
	return rules{
		base:   b,
		signIn: signIn,
		clients: clientauth.New(clientauth.Options{
			Registry: b.registry, Methods: authMethods(b.registry), Events: events, Now: now, Guard: secrets,
		}),
		guards: []*ratelimit.Guard{b.passwords, secrets},
		limits: limits,
		tokens: tokens,
		grantTypes: granttype.New(tokens, events, grantTypes(parts{
			chain: chain, grace: c.Refresh.Grace, now: now, userOnly: userOnly(c), resources: resources,
		})...),
		authorizer: authorize.New(authorize.Options{
			Registry: b.registry, Sessions: b.sessions, Grants: b.stores.grants, Consents: b.stores.consents, Requests: b.stores.requests, Limits: limits,
			Overview: b.stores.overview, Ring: b.ring, People: b.directory, Events: events,
			Now: now, Issuer: issuer, Lifetimes: lifetimes, Resources: resources,
		}),
		admin: admin.New(admin.Options{
			Registry: b.registry, Lease: b.lease, Directory: b.directory, Sessions: b.sessions, SignIn: signIn, Tokens: tokens, Ring: b.ring, Grants: b.stores.grants,
			Consents: b.stores.consents, Overview: b.stores.overview, Events: events, Now: now, Operators: c.Admin.Operators,
		}),
	}
}

func lifetimesOf(c config.Config) oauth.Lifetimes {
	return oauth.Lifetimes{
		Code: c.Token.Code, Access: c.Token.Access, RefreshIdle: c.Refresh.Idle, RefreshAbsolute: c.Refresh.Absolute,
	}
}

func resourcesOf(c config.Config) oauth.Resources {
	var all oauth.Resources
	for _, r := range c.Resources {
		all = append(all, oauth.Resource{URI: r.URI, Format: oauth.TokenFormat(r.Format)})
	}
	return all
}

func userOnly(c config.Config) oauth.Scopes {
	var all oauth.Scopes
	for _, scope := range c.Scopes {
		if scope.UserOnly {
			all = append(all, scope.Name)
		}
	}
	return all
}

func scopeNames(c config.Config) []string {
	var all []string
	for _, scope := range c.Scopes {
		all = append(all, scope.Name)
	}
	return all
}

// declaredScopes returns the scopes that clients may be registered for: those of the settings, and those of the admin
// API.
func declaredScopes(c config.Config) *oauth.Declared {
	names := oauth.Scopes(scopeNames(c))
	return &oauth.Declared{Names: names.With(adminapi.Scopes()), Open: !c.OwnScopes()}
}
