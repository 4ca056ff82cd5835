package importer

import (
	"testing"

	"github.com/recipe-web-app/oauth2d/internal/roomtest"
)

func TestResultsHideTheirSecrets(t *testing.T) {
	t.Parallel()
	const hidden = "gray-heron-0451"
	roomtest.Hides(t, Result{ID: "planner", Secret: hidden}, hidden)
	roomtest.Hides(t, hydraClient{Secret: hidden}, hidden)
	roomtest.Hides(t, keycloakClient{Secret: hidden}, hidden)
}
