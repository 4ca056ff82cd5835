package oauth

import "slices"

// Resource is a protected resource that tokens can be made for (RFC 8707).
type Resource struct {
	URI    string      // the resource indicator, which becomes the audience
	Format TokenFormat // of its tokens; empty leaves it to the client
}

// Limits on the resource parameters of one request.
const (
	MaxResources     = 16
	MaxAudienceBytes = 2048 // of all together, and of a client's default audience
)

// Resources are the resources that this server knows.
type Resources []Resource

// Resolve turns resource parameters into an audience: each must have the form of RFC 8707 §2, be
// known here, and be one the client may name. Without any it is the client's default audience.
func (r Resources) Resolve(c Client, asked []string) ([]string, error) {
	if len(asked) == 0 {
		return c.Audience, nil
	}
	asked, err := UniqueResources(asked)
	if err != nil {
		return nil, err
	}
	var audience []string
	for _, uri := range asked {
		if err := CheckResource(uri); err != nil {
			return nil, err
		}
		known := slices.ContainsFunc(r, func(one Resource) bool { return one.URI == uri })
		allowed := len(c.Resources) == 0 || slices.Contains(c.Resources, uri)
		if !known || !allowed {
			return nil, Refuse(InvalidTarget, "a resource is not known here or not open to this client", nil)
		}
		audience = append(audience, uri)
	}
	return audience, nil
}

// WithUserInfo completes the default audience of a person's token. With the scope openid the token is
// for /userinfo as well, which is the issuer's: without the issuer in its audience it would be refused
// there. A resource that the client named itself is never widened by this. An empty audience is for
// every resource server and stays empty.
func WithUserInfo(audience []string, scope Scopes, issuer string) []string {
	if len(audience) == 0 || !scope.Has(ScopeOpenID) || slices.Contains(audience, issuer) {
		return audience
	}
	return append(slices.Clone(audience), issuer)
}

// UniqueResources reads the resource parameters of a request: each counts once, in the order in which
// they were sent. What they name ends up in tokens, so their number and their length are bounded.
func UniqueResources(asked []string) ([]string, error) {
	if len(asked) > MaxResources {
		return nil, Refuse(InvalidTarget, "more than 16 resources are named", nil)
	}
	var unique []string
	length := 0
	for _, uri := range asked {
		if slices.Contains(unique, uri) {
			continue
		}
		unique = append(unique, uri)
		length += len(uri)
	}
	if length > MaxAudienceBytes {
		return nil, Refuse(InvalidTarget, "the resources have more than 2048 bytes together", nil)
	}
	return unique, nil
}

// Allowed lists every audience that a client's tokens may have now: its default ones, and the
// resources that it may name.
func (r Resources) Allowed(c Client) []string {
	allowed := slices.Clone(c.Audience)
	for _, one := range r {
		if r.Allows(c, one.URI) {
			allowed = append(allowed, one.URI)
		}
	}
	return allowed
}

// Allows reports whether an audience is one of Allowed.
func (r Resources) Allows(c Client, audience string) bool {
	if slices.Contains(c.Audience, audience) {
		return true
	}
	known := slices.ContainsFunc(r, func(one Resource) bool { return one.URI == audience })
	return known && (len(c.Resources) == 0 || slices.Contains(c.Resources, audience))
}

// Format says what a token for this audience looks like: as its resource wants it, else as the
// client does, else opaque.
func (r Resources) Format(c Client, audience []string) TokenFormat {
	for _, one := range r {
		if one.Format != "" && slices.Contains(audience, one.URI) {
			return one.Format
		}
	}
	if c.Format != "" {
		return c.Format
	}
	return FormatOpaque
}

// Formats returns the resources that require a format, in the order in which Format looks at them.
func (r Resources) Formats() Resources {
	return slices.DeleteFunc(slices.Clone(r), func(one Resource) bool { return one.Format == "" })
}

// NarrowAudience answers the part of a grant's audience that a token request asks for; asking for
// more than was granted is refused (RFC 8707 §2.2).
func NarrowAudience(granted, asked []string) ([]string, error) {
	if len(asked) == 0 {
		return granted, nil
	}
	asked, err := UniqueResources(asked)
	if err != nil {
		return nil, err
	}
	for _, uri := range asked {
		if !slices.Contains(granted, uri) {
			return nil, Refuse(InvalidTarget, "a resource is not part of the grant", nil)
		}
	}
	return asked, nil
}

// NarrowScope answers the part of a grant's scope that a token request asks for; asking for more
// than was granted is refused (RFC 6749 §6).
func NarrowScope(granted Scopes, asked string) (Scopes, error) {
	wanted, err := ParseScopes(asked)
	if err != nil {
		return nil, err
	}
	if len(wanted) == 0 {
		return granted, nil
	}
	if err := wanted.RefuseScope(granted, "is wider than what was granted"); err != nil {
		return nil, err
	}
	return wanted, nil
}
