package clientauth

import (
	"context"
	"errors"
	"slices"
	"strings"

	"github.com/recipe-web-app/oauth2d/internal/oauth"
)

// Method serves one client authentication method (RFC 7591 §2, token_endpoint_auth_method).
type Method interface {
	// Describe returns its name and its properties. It also works on a method that was made without its parts.
	Describe() oauth.ClientAuth
	// Recognize reads the method's credentials from a request; false when the request has none. A method
	// whose clients are public is asked only when no other method recognizes the request.
	Recognize(r Request) (Credentials, bool, error)
	// Verify returns why the credentials do not prove the client, or "". It is called for an unknown client,
	// too, with the zero Client: its work must not depend on that. The error means "could not ask".
	Verify(ctx context.Context, client oauth.Client, c Credentials) (reason string, err error)
}

// Request is the part of an HTTP request that client authentication reads.
type Request struct {
	Scheme string // of the Authorization header; empty when there is none
	Header string // what follows the scheme
	Params oauth.Params
}

// Credentials holds the values that a method reads from a request.
type Credentials struct {
	ID     string // the claimed client_id
	Proof  oauth.Token
	Method oauth.AuthMethod // AuthNone when there is no proof
	// Unserved: the request carries a proof, such as a client_assertion, that no served method reads.
	Unserved bool
}

// Describe returns the descriptions of methods.
func Describe(methods ...Method) []oauth.ClientAuth {
	all := make([]oauth.ClientAuth, len(methods))
	for i, one := range methods {
		all[i] = one.Describe()
	}
	return all
}

// served is a method and its description, which is made once.
type served struct {
	Method
	oauth.ClientAuth
}

// schemeBearer is the scheme of an access token, in lower case.
const schemeBearer = "bearer"

// proofs are the parameters that carry the proof of some standard method (RFC 6749 §2.3.1, RFC 7521 §4.2).
func proofs() [3]string {
	return [...]string{"client_secret", "client_assertion", "client_assertion_type"}
}

var errUnknownScheme = errors.New("no client authentication method uses the scheme of the Authorization header")

// recognize finds the one method that a request uses. A request that uses several is refused (RFC 6749 §2.3).
//
// A Bearer header beside a client_id is ignored: single-page apps attach the token they have to every
// call, including the one that renews it, and a public client proves nothing by a header anyway.
func (a *Authenticator) recognize(r Request) (Credentials, error) {
	if !a.knowsScheme(r.Scheme) {
		return Credentials{}, refused(errUnknownScheme)
	}
	var found Credentials
	var by *served
	var failure error
	for i := range a.methods {
		one := &a.methods[i]
		if one.Public {
			continue
		}
		c, ok, err := one.Recognize(r)
		if err == nil && !ok {
			continue
		}
		if by != nil {
			return Credentials{}, severalMethods()
		}
		found, by, failure = c, one, err
	}
	if by == nil {
		return a.withoutProof(r), nil
	}
	if r.unread(by.Parameters) {
		return Credentials{}, severalMethods()
	}
	return found, failure
}

// withoutProof reads a request that no method with a proof recognizes.
func (a *Authenticator) withoutProof(r Request) Credentials {
	found := Credentials{Method: oauth.AuthNone}
	for _, one := range a.methods {
		if one.Public {
			found, _, _ = one.Recognize(r)
		}
	}
	found.Unserved = r.unread(nil)
	return found
}

// unread reports whether the body carries a proof in other parameters than these.
func (r Request) unread(parameters []string) bool {
	for _, name := range proofs() {
		if r.Params.Has(name) && !slices.Contains(parameters, name) {
			return true
		}
	}
	return false
}

func (a *Authenticator) knowsScheme(scheme string) bool {
	if scheme == "" || strings.EqualFold(scheme, schemeBearer) {
		return true
	}
	return slices.ContainsFunc(a.methods, func(one served) bool { return strings.EqualFold(one.Scheme, scheme) })
}

// method returns a served method; nil when there is none of that name.
func (a *Authenticator) method(name oauth.AuthMethod) *served {
	for i := range a.methods {
		if a.methods[i].Name == name {
			return &a.methods[i]
		}
	}
	return nil
}

func severalMethods() error {
	return oauth.Refuse(oauth.InvalidRequest, "the client authenticates by more than one method", nil)
}
