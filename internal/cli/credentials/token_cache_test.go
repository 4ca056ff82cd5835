package credentials

import (
	"testing"
	"time"

	"golang.org/x/oauth2"
)

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
