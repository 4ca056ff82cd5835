package web

import (
	"net/http"
	"strings"

	"github.com/recipe-web-app/oauth2d/internal/oauth"
)

// Authorization splits the Authorization header of a request. Both parts are empty when there is no header; more than
// one is refused.
func Authorization(r *http.Request) (scheme, text string, err error) {
	all := r.Header.Values("Authorization")
	if len(all) > 1 {
		return "", "", oauth.Refuse(oauth.InvalidRequest, "there is more than one Authorization header", nil)
	}
	if len(all) == 0 {
		return "", "", nil
	}
	scheme, text, _ = strings.Cut(strings.TrimSpace(all[0]), " ")
	return scheme, strings.TrimSpace(text), nil
}
