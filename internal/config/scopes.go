package config

import (
	"slices"

	"github.com/recipe-web-app/oauth2d/internal/oauth"
)

// standardScopes returns the scopes with a fixed meaning and their descriptions for people. They have a meaning only
// for a token that a person authorized.
func standardScopes() []Scope {
	return []Scope{
		{Name: oauth.ScopeOpenID, Description: "know who you are", UserOnly: true},
		{Name: oauth.ScopeProfile, Description: "see your name", UserOnly: true},
		{Name: oauth.ScopeEmail, Description: "see your email address", UserOnly: true},
		{Name: oauth.ScopeOfflineAccess, Description: "keep this access while you are away", UserOnly: true},
	}
}

// withStandardScopes puts the standard scopes first. A scope of the same name in own replaces the description.
func withStandardScopes(own []Scope) []Scope {
	standard := standardScopes()
	var further []Scope
	for _, scope := range own {
		i := slices.IndexFunc(standard, func(s Scope) bool { return s.Name == scope.Name })
		if i < 0 {
			further = append(further, scope)
			continue
		}
		standard[i].Description = scope.Description
	}
	return append(standard, further...)
}

// OwnScopes reports whether the settings declare a scope besides the standard ones.
func (c Config) OwnScopes() bool { return len(c.Scopes) > len(standardScopes()) }

// devDefaults are the defaults of serve --dev, by key. The issuer follows the listener.
func devDefaults() map[string]any {
	scope := func(name, description string, userOnly bool) any {
		return map[string]any{"name": name, "description": description, "user_only": userOnly}
	}
	return map[string]any{
		"redis.mode": "embedded",
		"log.format": "text",
		"brand.name": "oauth2d demo",
		// Everybody knows the demo passwords; expensive hashes would only slow the start.
		"password.memory": "8192",
		"password.time":   "1",
		"scopes": []any{
			scope("read", "read your recipes", false),
			scope("write", "change your recipes", false),
			scope("admin:*", "administer this server", false),
		},
	}
}
