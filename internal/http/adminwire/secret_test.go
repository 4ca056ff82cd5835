package adminwire_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/recipe-web-app/oauth2d/internal/http/adminwire"
	"github.com/recipe-web-app/oauth2d/internal/oauth"
	"github.com/recipe-web-app/oauth2d/internal/roomtest"
)

// A body shows its secret in its JSON, and nowhere else.
func TestBodiesHideTheirSecrets(t *testing.T) {
	t.Parallel()
	const hidden = "gray-heron-0451"
	owner := oauth.Client{ID: "planner"}
	for _, body := range []any{
		adminwire.Client{Client: owner, Secret: hidden},
		&adminwire.Client{Client: owner, Secret: hidden},
		adminwire.ClientForm{Client: owner, Secret: hidden},
		adminwire.ClientForm{Client: owner, SecretHash: hidden},
		adminwire.Secret{ID: "s_1", Value: hidden},
		adminwire.UserCreate{Username: "ada", Password: hidden},
		adminwire.PasswordSet{Password: hidden},
		adminwire.TokenQuestion{Token: hidden},
	} {
		roomtest.Hides(t, body, hidden)
		if raw, err := json.Marshal(body); err != nil || !strings.Contains(string(raw), hidden) {
			t.Errorf("the JSON of %T is %s, %v: it must hold the secret", body, raw, err)
		}
	}
}
