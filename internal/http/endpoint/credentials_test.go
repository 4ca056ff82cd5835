package endpoint

import (
	"encoding/base64"
	"testing"

	"github.com/recipe-web-app/oauth2d/internal/oauth"
)

func basic(id, secret string) string {
	return "Basic " + base64.StdEncoding.EncodeToString([]byte(id+":"+secret))
}

func TestT01_TwoAuthorizationHeaders(t *testing.T) {
	t.Parallel()
	for name, headers := range map[string][]string{
		"Basic twice":      {basic("a", "b"), basic("c", "d")},
		"Basic and Bearer": {basic("a", "b"), "Bearer x"},
	} {
		t.Run(name, func(t *testing.T) {
			r := post("/token", "client_id=a")
			r.Header["Authorization"] = headers
			if _, err := authenticate(r, oauth.Params{}, nil); code(err) != oauth.InvalidRequest {
				t.Errorf("%s: %v", name, err)
			}
		})
	}
}
