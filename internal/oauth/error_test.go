package oauth_test

import (
	"errors"
	"fmt"
	"testing"

	"github.com/recipe-web-app/oauth2d/internal/oauth"
)

func TestF_N01_NoReasonStandsTwice(t *testing.T) {
	t.Parallel()
	const said = "the scope raed is not declared"
	inner := oauth.Refuse(oauth.InvalidScope, said, nil)
	for want, e := range map[string]*oauth.Error{
		said:                   oauth.Refuse(oauth.InvalidRequest, said, errors.New(said)),
		said + " ":             oauth.Refuse(oauth.InvalidRequest, said+" ", inner),
		"/scope: " + said:      oauth.Refuse(oauth.InvalidRequest, said, fmt.Errorf("/scope: %s", said)),
		"refused: " + said:     oauth.Refuse(oauth.InvalidRequest, "refused", inner),
		"refused: it is full":  oauth.Refuse(oauth.InvalidRequest, "refused", errors.New("it is full")),
		"only the cause":       oauth.Refuse(oauth.InvalidRequest, "", errors.New("only the cause")),
		"only the description": oauth.Refuse(oauth.InvalidRequest, "only the description", nil),
	} {
		if got := e.Reason(); got != want {
			t.Errorf("%q, want %q", got, want)
		}
		if got := e.Error(); got != "invalid_request: "+want {
			t.Errorf("in the log: %q", got)
		}
	}
}
