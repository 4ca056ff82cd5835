package clientmeta

import (
	"time"

	"github.com/recipe-web-app/oauth2d/internal/oauth"
)

// Bounds of the properties. Those of names and redirect URIs are in package oauth.
const (
	MaxCodeLife          = 10 * time.Minute // RFC 6749 §4.1.2
	MaxAccessLife        = 24 * time.Hour
	MaxRefreshLife       = 2 * 365 * 24 * time.Hour
	MaxRequestsPerMinute = 10_000_000
	MaxAudience          = 20
	MaxResources         = 50
	MaxClaims            = 20
	MaxTextBytes         = 256 // of an audience, the name of a claim, and its value
)

// IntrospectOwn is the wire form of oauth.IntrospectOwn.
const IntrospectOwn = "own"

// Disabled is the name of the property that refuses every request of a client.
const Disabled = "disabled"

const serversOwn = "the server's"

// Properties is the table, in the order in which a client is shown.
func Properties() []Property {
	var all []Property
	for _, part := range [][]Property{identity(), permissions(), tokens(), lifetimes(), extras()} {
		all = append(all, part...)
	}
	return all
}

// identity lists what a client is, and where it runs.
func identity() []Property {
	return []Property{
		{
			Name: "client_name", StoredName: "name", Label: "name", SelfService: true,
			Value:   textOf(func(c *oauth.Client) *string { return &c.Name }),
			Doc:     "The name that people see. Left out, it is the id. Control and format characters are refused.",
			Default: func(c *oauth.Client) any { return string(c.ID) },
			Max:     oauth.MaxClientName, Rule: checkName,
			Flag: Flag{Name: "name", Usage: "name that people see; empty: the id"},
		},
		{
			Name: Disabled, StoredName: "disabled",
			Value: switchOf(func(c *oauth.Client) *bool { return &c.Disabled }),
			Doc:   "Refuse every request of the client. Disabling a client ends its tokens.",
		},
		{
			Name: "token_endpoint_auth_method", StoredName: "token_endpoint_auth_method", Label: "authentication", SelfService: true,
			Value:   textOf(func(c *oauth.Client) *string { return (*string)(&c.Method) }),
			Doc:     "How the client authenticates. `none` makes it a public client.",
			Default: always(string(oauth.AuthBasic)),
			Values:  func(s Served) []string { return s.AuthMethods },
			Flag:    Flag{Name: "auth-method", Usage: "how the client authenticates: %s"},
			Shortcut: Flag{
				Name: "public", Usage: "the client cannot keep a secret (a browser or mobile app)",
				On: string(oauth.AuthNone), Off: string(oauth.AuthBasic),
			},
		},
		{
			Name: "application_type", StoredName: "application_type", Label: "application", SelfService: true,
			Value:   textOf(func(c *oauth.Client) *string { return (*string)(&c.Type) }),
			Doc:     "Where the client runs. Only a native client may use any port of a loopback redirect URI.",
			Default: always(string(oauth.AppWeb)),
			Values:  fixed(string(oauth.AppWeb), string(oauth.AppNative)),
			Flag: Flag{
				Name: "native", Usage: "the client runs on the user's machine: any port of a loopback redirect URI is good",
				On: string(oauth.AppNative), Off: string(oauth.AppWeb),
			},
		},
		{
			Name: "grant_types", StoredName: "grant_types", Label: "grants", SelfService: true,
			Value:   listOf(func(c *oauth.Client) *[]string { return &c.GrantTypes }),
			Doc:     "The grant types that the client may use. `refresh_token` needs `authorization_code`; a public client cannot have `client_credentials`.",
			Default: func(*oauth.Client) any { return []string{oauth.GrantAuthorizationCode} }, // RFC 7591 §2
			Values:  func(s Served) []string { return s.GrantTypes },
			Min:     1, Rule: checkGrantTypes,
			Flag: Flag{Name: "grant", Usage: "grant types: %s", Commas: true},
		},
		{
			Name: "redirect_uris", StoredName: "redirect_uris", Label: "redirect uris", SelfService: true,
			Value: listOf(func(c *oauth.Client) *[]string { return &c.RedirectURIs }),
			Doc:   "Where the browser may be sent with an authorization code; compared character by character. A client with `authorization_code` needs one.",
			Max:   oauth.MaxRedirectURIs, Rule: checkRedirectURIs(func(c *oauth.Client) []string { return c.RedirectURIs }),
			Flag: Flag{Name: "redirect-uri", Usage: "redirect URI; may be repeated"},
		},
		{
			Name: "post_logout_redirect_uris", StoredName: "post_logout_redirect_uris", Label: "post-logout uris", SelfService: true,
			Value: listOf(func(c *oauth.Client) *[]string { return &c.PostLogoutURIs }),
			Doc:   "Where the browser may be sent after signing out. Stored without effect: this release has no logout endpoint for clients.",
			Max:   oauth.MaxRedirectURIs, Rule: checkRedirectURIs(func(c *oauth.Client) []string { return c.PostLogoutURIs }),
			Flag: Flag{
				Name:    "post-logout-uri",
				Usage:   "where the browser may go after a logout; kept, but without effect until the server has a logout endpoint for clients; may be repeated",
				Warning: "--post-logout-uri is kept, but has no effect: this server has no logout endpoint for clients yet",
			},
		},
	}
}

// permissions lists what a client may ask for.
func permissions() []Property {
	return []Property{
		{
			Name: "scope", StoredName: "scopes", Label: "scope", SelfService: true,
			Value: scopesOf(func(c *oauth.Client) *oauth.Scopes { return &c.Scopes }),
			Doc:   "What the client may ask for. Only a caller who has an admin scope may grant it.",
			Form:  singleSpaces, Rule: func(c *oauth.Client, _ Served) error { return checkScopes(c.Scopes) },
			Flag: Flag{Name: "scope", Usage: "scopes it may ask for, separated by spaces"},
		},
		{
			Name: "default_scope", StoredName: "default_scopes", Label: "default scope", Optional: true,
			Value: scopesOf(func(c *oauth.Client) *oauth.Scopes { return &c.DefaultScopes }),
			Doc:   "What the client gets when it asks for nothing; within `scope`. Left out, it is `scope`.",
			Form:  singleSpaces, Rule: func(c *oauth.Client, _ Served) error { return checkScopes(c.DefaultScopes) },
			Flag: Flag{Name: "default-scope", Usage: "scopes it gets when it asks for none; empty: all of --scope"},
		},
		{
			Name: "audience", StoredName: "audience", Label: "audience", Ordered: true,
			Value: listOf(func(c *oauth.Client) *[]string { return &c.Audience }),
			Doc:   "The `aud` of its tokens when it names no resource; empty means the server's.",
			Max:   MaxAudience, Form: printableAudience, Rule: checkAudience,
			Flag: Flag{Name: "audience", Usage: "aud of its tokens when it names no resource", Commas: true},
		},
		{
			Name: "resources", StoredName: "resources", Label: "resources",
			Value: listOf(func(c *oauth.Client) *[]string { return &c.Resources }),
			Doc:   "The resources that the client may name (RFC 8707); empty means every resource that the server knows.",
			Max:   MaxResources, Rule: checkResources,
			Flag: Flag{Name: "resource", Usage: "resource it may name; may be repeated; none: every one"},
		},
	}
}

// tokens lists what a client's tokens look like, and what it may do with them.
func tokens() []Property {
	return []Property{
		{
			Name: "access_token_format", StoredName: "format", Label: "token format",
			Value:   textOf(func(c *oauth.Client) *string { return (*string)(&c.Format) }),
			Doc:     "The format of its access tokens, unless the resource says otherwise.",
			Default: always(string(oauth.FormatOpaque)),
			Values:  fixed(string(oauth.FormatOpaque), string(oauth.FormatJWT)),
			Flag:    Flag{Name: "format", Usage: "access tokens: opaque (default) or jwt"},
		},
		{
			Name: "token_signing_alg", StoredName: "algorithm", Label: "algorithm", Optional: true,
			Value: textOf(func(c *oauth.Client) *string { return &c.Algorithm }),
			Doc: "The algorithm that signs its JWTs and ID tokens; left out, the server's. An algorithm without a key is refused: " +
				"`keys.algorithm`, `keys.extra_algorithms` and, where `openid` is declared, RS256 have keys.",
			Values: func(s Served) []string { return s.Algorithms },
			Flag:   Flag{Name: "algorithm", Usage: "what its JWTs are signed with; empty: the server's"},
		},
		{
			Name: "refresh_token_rotation", StoredName: "rotation", Label: "refresh rotation", Optional: true,
			Value:  textOf(func(c *oauth.Client) *string { return (*string)(&c.Rotation) }),
			Doc:    "Whether a refresh replaces the refresh token. Left out, it does. `never` is refused for public clients.",
			Values: fixed(string(oauth.RotateAlways), string(oauth.RotateNever)),
			Flag: Flag{
				Name: "no-rotation", Usage: "a refresh keeps the refresh token (confidential clients only)",
				On: string(oauth.RotateNever), Off: string(oauth.RotateAlways),
			},
		},
		{
			Name: "introspection", StoredName: "introspection", Label: "introspection",
			Value:   choiceOf(func(c *oauth.Client) *string { return (*string)(&c.Introspection) }, IntrospectOwn),
			Doc:     "Which tokens the client may introspect: its own and those it is an audience of, or every token. `any` is refused for public clients.",
			Default: always(IntrospectOwn),
			Values:  fixed(IntrospectOwn, string(oauth.IntrospectAny)),
			Flag:    Flag{Name: "introspection", Usage: "any: it may introspect every token; own (default): its own"},
		},
		{
			Name: "skip_consent", StoredName: "skip_consent", Label: "skip consent",
			Value: switchOf(func(c *oauth.Client) *bool { return &c.SkipConsent }),
			Doc:   "Do not ask people for consent, except for scopes that begin with `admin:`. For confidential first-party clients; refused for public clients (RFC 8252 §8.6).",
			Flag:  Flag{Name: "skip-consent", Usage: "a confidential first-party client: people are not asked for consent"},
		},
		{
			Name: "sign_out_ends_offline_access", StoredName: "sign_out_ends_offline_access", Label: "sign-out ends offline access", Optional: true,
			Value: switchOf(func(c *oauth.Client) *bool { return &c.SignOutEndsAll }),
			Doc: "A sign-out also ends the client's grants with `offline_access`. Otherwise such a grant ends when it expires, when the person " +
				"removes the client's access, signs out everywhere or gets another password, or when an operator ends it. " +
				"A change applies to later grants.",
			Flag: Flag{Name: "end-offline-access", Usage: "a sign-out also ends what people allowed it with offline_access"},
		},
		{
			Name: "requests_per_minute", StoredName: "requests_per_minute", Label: "requests per minute", Optional: true,
			Value: numberOf(func(c *oauth.Client) *int { return &c.RequestsPerMinute }),
			Doc:   "How often the client may ask each endpoint that limits clients; 0 means the server's limits, -1 means no limit.",
			Min:   -1, Max: MaxRequestsPerMinute, Rule: checkRate,
			Flag:  Flag{Name: "requests-per-minute", Usage: "how often it may ask each endpoint; 0: as the server's limits say, -1: without limit"},
			Named: map[string]string{"0": serversOwn, "-1": "without limit"},
		},
	}
}

// lifetimes lists how long what a client gets lives. Zero means the server's.
func lifetimes() []Property {
	group := &Group{Name: "lifetimes", StoredName: "lifetimes_ms", Doc: "How long what the client gets lives, in seconds; what is left out is the server's."}
	life := func(p Property, longest time.Duration, at func(*oauth.Lifetimes) *time.Duration) Property {
		field := func(c *oauth.Client) *time.Duration { return at(&c.Lifetimes) }
		p.Group, p.Value, p.Optional = group, secondsOf(field), true
		p.Min, p.Max = 1, int64(longest/time.Second)
		p.Rule, p.Named = checkLife(p.Label, longest, field), map[string]string{"0s": serversOwn}
		return p
	}
	return []Property{
		life(Property{
			Name: "code", StoredName: "code", Label: "code life", Doc: "Of an authorization code.",
			Flag: Flag{Name: "code-life", Usage: "life of its authorization codes; 0: the server's"},
		}, MaxCodeLife, func(l *oauth.Lifetimes) *time.Duration { return &l.Code }),
		life(Property{
			Name: "access_token", StoredName: "access", Label: "access life", Doc: "Of an access token.",
			Flag: Flag{Name: "access-life", Usage: "life of its access tokens; 0: the server's"},
		}, MaxAccessLife, func(l *oauth.Lifetimes) *time.Duration { return &l.Access }),
		life(Property{
			Name: "refresh_token_idle", StoredName: "refresh_idle", Label: "refresh idle", Doc: "Of a refresh token that is not used.",
			Flag: Flag{Name: "refresh-idle", Usage: "idle life of its refresh tokens; 0: the server's"},
		}, MaxRefreshLife, func(l *oauth.Lifetimes) *time.Duration { return &l.RefreshIdle }),
		life(Property{
			Name: "refresh_token_absolute", StoredName: "refresh_absolute", Label: "refresh absolute",
			Doc:  "Of a grant and all of its refresh tokens, from the user's consent on.",
			Flag: Flag{Name: "refresh-absolute", Usage: "when a grant to it ends whatever happens; 0: the server's"},
		}, MaxRefreshLife, func(l *oauth.Lifetimes) *time.Duration { return &l.RefreshAbsolute }),
	}
}

func extras() []Property {
	return []Property{{
		Name: "claims", StoredName: "claims", Label: "claim",
		Value: pairsOf(func(c *oauth.Client) *map[string]string { return &c.Claims }),
		Doc: "Static claims in its introspection answers and JWTs. Names that the server itself uses are refused in any case of letters. " +
			"With the scopes and audiences they must leave every JWT of the client within 8192 bytes.",
		Max: MaxClaims, Form: printableNames, Rule: checkClaims,
		Flag: Flag{Name: "claim", Usage: "static claim name=value in introspection answers and JWTs"},
	}}
}

func always(wire string) func(*oauth.Client) any { return func(*oauth.Client) any { return wire } }

func fixed(values ...string) func(Served) []string { return func(Served) []string { return values } }
