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

// isForm reports whether the body of a request claims to be a form.
func isForm(r *http.Request) bool {
	sent := r.Header.Get("Content-Type")
	if sent == formType { // as most callers write it
		return true
	}
	mediaType, _, err := mime.ParseMediaType(sent)
	return err == nil && mediaType == formType
}

// readForm reads the parameters of a POST from its body. The query is ignored. The
// parameters named in unbounded may be as long as the body.
func readForm(r *http.Request, unbounded ...string) (oauth.Params, error) {
	if !isForm(r) {
		return oauth.Params{}, oauth.Refuse(oauth.InvalidRequest, "the Content-Type must be "+formType, nil)
	}
	if err := noSecretIn(r.URL.RawQuery); err != nil {
		return oauth.Params{}, err
	}
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return oauth.Params{}, web.ReadError(err)
	}
	return parse(string(body), unbounded...)
}

// noSecretIn refuses a query with a credential, because logs and histories keep URLs (RFC 6749 §2.3.1).
func noSecretIn(rawQuery string) error {
	if rawQuery == "" {
		return nil
	}
	query, _ := url.ParseQuery(rawQuery) // of a malformed query, the parameters that could be read
	for _, name := range []string{"client_secret", "client_assertion"} {
		if query.Has(name) {
			return oauth.Refuse(oauth.InvalidRequest, name+" must not be in the query", nil)
		}
	}
	return nil
}

// readQuery reads the parameters of a GET. On an error the Params still hold what was read, so
// that an authorization error can be sent back to the client.
func readQuery(r *http.Request) (oauth.Params, error) { return parse(r.URL.RawQuery) }

func parse(encoded string, unbounded ...string) (oauth.Params, error) {
	form, malformed := url.ParseQuery(encoded)
	params, err := oauth.ParseParams(form, unbounded...)
	if err == nil && malformed != nil {
		// The cause is left out: it quotes the request.
		err = oauth.Refuse(oauth.InvalidRequest, "the parameters are not form-encoded", nil)
	}
	return params, err
}
