package credentials

import (
	"testing"

	"github.com/recipe-web-app/oauth2d/internal/roomtest"
)

func TestIdentitiesHideTheirSecrets(t *testing.T) {
	t.Parallel()
	const hidden = "gray-heron-0451"
	roomtest.Hides(t, Identity{ClientID: "planner", Secret: hidden, Refresh: hidden, Access: hidden}, hidden)
	roomtest.Hides(t, keptToken{Access: hidden}, hidden)
}
