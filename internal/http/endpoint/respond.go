package endpoint

import (
	"math"
	"net/http"
	"time"

	"github.com/recipe-web-app/oauth2d/internal/http/web"
	"github.com/recipe-web-app/oauth2d/internal/token"
)

// tokenAnswer is a token response (RFC 6749 §5.1). It always contains the scope, also where the RFC makes it
// optional, so that clients need not guess what was granted.
type tokenAnswer struct {
	AccessToken  string `json:"access_token"`
	TokenType    string `json:"token_type"`
	ExpiresIn    int64  `json:"expires_in"`
	RefreshToken string `json:"refresh_token,omitempty"`
	Scope        string `json:"scope"`
	IDToken      string `json:"id_token,omitempty"`
}

// respondToken sends every token response.
func respondToken(w http.ResponseWriter, set token.Set) error {
	return web.JSON(w, tokenAnswer{
		AccessToken:  set.Access.Reveal(),
		TokenType:    schemeBearer,
		ExpiresIn:    seconds(set.ExpiresIn),
		RefreshToken: set.Refresh.Reveal(),
		Scope:        set.Scope.String(),
		IDToken:      set.IDToken,
	})
}

// seconds rounds to the nearest: a token of 15 minutes says 900 although a millisecond went by.
func seconds(d time.Duration) int64 { return max(0, int64(math.Round(d.Seconds()))) }
