package clientauth

import (
	"github.com/recipe-web-app/oauth2d/internal/oauth"
	"github.com/recipe-web-app/oauth2d/internal/registry"
)

// SecretPost serves client_secret_post: the client's id and secret as parameters of the body (RFC 6749 §2.3.1).
type SecretPost struct{ secrets }

// NewSecretPost makes the method.
func NewSecretPost(r *registry.Registry) SecretPost { return SecretPost{secrets{r}} }

// Describe implements Method.
func (SecretPost) Describe() oauth.ClientAuth {
	return oauth.ClientAuth{Name: oauth.AuthPost, Parameters: []string{"client_secret"}, Secret: true}
}

// Recognize implements Method.
func (SecretPost) Recognize(r Request) (Credentials, bool, error) {
	if !r.Params.Has("client_secret") {
		return Credentials{}, false, nil
	}
	return Credentials{ID: r.Params.Get("client_id"), Proof: oauth.Token(r.Params.Get("client_secret")), Method: oauth.AuthPost}, true, nil
}
