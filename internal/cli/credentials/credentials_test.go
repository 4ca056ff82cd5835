package credentials

import (
	"testing"
	"time"

	"golang.org/x/oauth2"

	"github.com/recipe-web-app/oauth2d/internal/roomtest"
)

func TestIdentitiesHideTheirSecrets(t *testing.T) {
	t.Parallel()
	const hidden = "gray-heron-0451"
	roomtest.Hides(t, Identity{ClientID: "planner", Secret: hidden, Refresh: hidden, Access: hidden}, hidden)
	roomtest.Hides(t, keptToken{Access: hidden}, hidden)
}

func TestF_S18_URLsThatSecretsMayBeSentTo(t *testing.T) {
	t.Parallel()
	for address, want := range map[string]bool{
		"https://auth.example.com/authorize?x=1": true, "http://127.0.0.1:8080/authorize": true, "http://[::1]:8080/": true, "http://localhost/": true,
		"file:///etc/passwd": false, "ms-calculator:x": false, "javascript:alert(1)": false, "-flag": false, "http://localhost.evil.example/": false, "": false,
	} {
		if _, err := safeURL(address); (err == nil) != want {
			t.Errorf("%s: %v", address, err)
		}
	}
}

// Requests of one command whose kept token is refused all go on with the new one.
func TestF_N08_ARefusedTokenIsReplacedForAllRequests(t *testing.T) {
	t.Parallel()
	purse := &TokenSource{held: &oauth2.Token{AccessToken: "new", Expiry: time.Now().Add(time.Hour)}}
	if token, ok := purse.replaced(t.Context(), "old"); !ok || token != "new" {
		t.Errorf("%q, %v", token, ok)
	}
	if _, ok := purse.replaced(t.Context(), "new"); ok {
		t.Error("a new token that is refused is replaced again and again")
	}
}
