package authorize

import (
	"context"

	"github.com/recipe-web-app/oauth2d/internal/oauth"
)

// Endpoint is where an authorization request came in. The values are bits, so that a row of the table of
// checks can name several.
type Endpoint uint8

// The endpoints that take authorization requests. AtPAR and AtDevice are for requests of a client that has
// authenticated; its id is then the parameter client_id, whatever was sent under that name.
const (
	AtAuthorize Endpoint = 1 << iota // RFC 6749 §3.1
	AtPAR                            // RFC 9126 §2
	AtDevice                         // RFC 8628 §3.1
)

// Sent holds the parameters that an endpoint read, and the error that reading them met, if any. The checks
// report that error once they know where it may be sent.
type Sent struct {
	oauth.Params
	Malformed error
}

// Request is an authorization request that passed every check that needs no person.
type Request struct {
	Asked

	Client   oauth.Client // as it is registered now
	Return   oauth.Return // where the answer goes; empty until the redirect URI was found to be the client's
	Audience []string     // what the access token will be for
}

// Asked holds the wishes of a request: everything that was read from its parameters. It is read once and does
// not change afterwards, and it is all that a Continuation carries of the request.
type Asked struct {
	At        Endpoint       `json:"at"`
	ClientID  oauth.ClientID `json:"c"`
	Redirect  string         `json:"u,omitempty"`
	State     []byte         `json:"s,omitempty"` // bytes: it may be anything, and goes back as it came
	FormPost  bool           `json:"f,omitempty"`
	Challenge string         `json:"k,omitempty"`
	Nonce     string         `json:"n,omitempty"`
	Scope     oauth.Scopes   `json:"o,omitempty"`
	Resources []string       `json:"r,omitempty"`
	Prompt    prompt         `json:"p,omitzero"`
	Hinted    oauth.UserID   `json:"i,omitempty"` // the user whom the id_token_hint names
	LoginHint string         `json:"h,omitempty"`
	Locales   string         `json:"l,omitempty"` // ui_locales: the languages the user prefers
}

// Check runs the table of checks over a new request. An error with a Return goes back to the client; one
// without is shown to the person (RFC 6749 §4.1.2.1), or answers the client directly at AtPAR and AtDevice.
func (a *Authorizer) Check(ctx context.Context, at Endpoint, sent Sent) (Request, error) {
	r := Request{Asked: Asked{At: at}}
	for _, c := range a.chain {
		if c.at&at == 0 {
			continue
		}
		if c.read != nil {
			in := input{visible: c.parameters, sent: sent}
			if err := c.read(ctx, a, in, &r); err != nil {
				return Request{}, r.refusal(err, sent)
			}
		}
		if c.holds != nil {
			if err := c.holds(ctx, a, &r); err != nil {
				return Request{}, r.refusal(err, sent)
			}
		}
	}
	return r, nil
}

// recheck returns the request that was asked, if it would still be accepted: it runs only those checks that
// depend on the client's registration and on the settings, and reads no parameter again.
func (a *Authorizer) recheck(ctx context.Context, asked Asked) (Request, error) {
	r := Request{Asked: asked}
	for _, c := range a.chain {
		if c.at&asked.At == 0 || c.holds == nil {
			continue
		}
		if err := c.holds(ctx, a, &r); err != nil {
			return Request{}, r.refusal(err, Sent{})
		}
	}
	return r, nil
}

// refusal adds to an error where it goes, and for the audit log who asked and with what. Until the client was
// found, these are the parameters as they were sent.
func (r *Request) refusal(err error, sent Sent) *oauth.Error {
	facts := oauth.Facts{Client: r.Client.ID, SentClient: string(r.ClientID), SentRedirectURI: r.Redirect}
	if facts.SentClient == "" {
		facts.SentClient = sent.Get("client_id")
	}
	if facts.SentRedirectURI == "" {
		facts.SentRedirectURI = sent.Get("redirect_uri")
	}
	refusal := oauth.AsError(err).About(facts)
	if r.Return.URI != "" && r.At == AtAuthorize {
		refusal = refusal.To(r.Return)
	}
	return refusal
}
