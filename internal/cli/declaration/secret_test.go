package declaration

import (
	"testing"

	"github.com/recipe-web-app/oauth2d/internal/http/adminwire"
	"github.com/recipe-web-app/oauth2d/internal/roomtest"
)

func TestDeclarationsHideTheirSecrets(t *testing.T) {
	t.Parallel()
	const hidden = "gray-heron-0451"
	roomtest.Hides(t, &creation{ID: "planner", Secret: hidden}, hidden)
	roomtest.Hides(t, Client{ClientForm: adminwire.ClientForm{Secret: hidden, SecretHash: hidden}}, hidden)
}
