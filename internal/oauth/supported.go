package oauth

// GrantType describes a grant type, so that the packages that list grant types need not know each one.
type GrantType struct {
	Name        string   // the value of grant_type
	Parameters  []string // of the token request: those that the grant type reads
	Public      bool     // public clients may use it
	RedirectURI bool     // a client that uses it must have a redirect URI
	Refreshable bool     // it issues refresh tokens
}

// ClientAuth describes a client authentication method, for the same reason.
type ClientAuth struct {
	Name       AuthMethod
	Scheme     string   // of the Authorization header that carries the proof, in lower case; or empty
	Parameters []string // of the request's body: those that carry the proof
	Secret     bool     // the proof is a client_secret
	Public     bool     // there is no proof: clients of this method are public
}

// Supported lists what a server serves, in the order in which its metadata lists it.
type Supported struct {
	GrantTypes  []GrantType
	AuthMethods []ClientAuth
}

// GrantType returns the description of a grant type; false when it is not served.
func (s Supported) GrantType(name string) (GrantType, bool) {
	for _, one := range s.GrantTypes {
		if one.Name == name {
			return one, true
		}
	}
	return GrantType{}, false
}

// AuthMethod returns the description of a client authentication method; false when it is not served.
func (s Supported) AuthMethod(name AuthMethod) (ClientAuth, bool) {
	for _, one := range s.AuthMethods {
		if one.Name == name {
			return one, true
		}
	}
	return ClientAuth{}, false
}

// GrantTypeNames returns the names of the grant types.
func (s Supported) GrantTypeNames() []string {
	names := make([]string, len(s.GrantTypes))
	for i, one := range s.GrantTypes {
		names[i] = one.Name
	}
	return names
}

// AuthMethodNames returns the names of the client authentication methods.
func (s Supported) AuthMethodNames() []string {
	names := make([]string, len(s.AuthMethods))
	for i, one := range s.AuthMethods {
		names[i] = string(one.Name)
	}
	return names
}
