package endpoint

import (
	"io"
	"mime"
	"net/http"
	"net/url"

	"github.com/recipe-web-app/oauth2d/internal/http/web"
	"github.com/recipe-web-app/oauth2d/internal/oauth"
)

const formType = "application/x-www-form-urlencoded"

// secretsOfBody are the parameters that must never stand in a URL, where logs and histories keep
// them (RFC 6749 §2.3.1): whoever sends one there is told so, before they get used to it.
var secretsOfBody = []string{"client_secret", "client_assertion"}

// readForm reads the parameters of a POST from its body. What the query holds is ignored.
func readForm(r *http.Request) (oauth.Params, error) {
	if mediaType, _, err := mime.ParseMediaType(r.Header.Get("Content-Type")); err != nil || mediaType != formType {
		return oauth.Params{}, oauth.Refuse(oauth.InvalidRequest, "the Content-Type must be "+formType, nil)
	}
	if r.URL.RawQuery != "" {
		query, _ := url.ParseQuery(r.URL.RawQuery) // what can be read of it is enough to warn
		for _, name := range secretsOfBody {
			if query.Has(name) {
				return oauth.Params{}, oauth.Refuse(oauth.InvalidRequest, name+" must not stand in the query", nil)
			}
		}
	}
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return oauth.Params{}, web.ReadError(err)
	}
	return parse(string(body))
}

// readQuery reads the parameters of a GET. On an error the Params still hold what was read, so
// that an authorization error can be sent back to where it belongs.
func readQuery(r *http.Request) (oauth.Params, error) { return parse(r.URL.RawQuery) }

func parse(encoded string) (oauth.Params, error) {
	form, malformed := url.ParseQuery(encoded)
	params, err := oauth.ParseParams(form)
	if err == nil && malformed != nil {
		// The cause is left out: it quotes the request.
		err = oauth.Refuse(oauth.InvalidRequest, "the parameters are not form-encoded", nil)
	}
	return params, err
}
