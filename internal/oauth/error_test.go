package oauth_test

import (
	"errors"
	"fmt"
	"strings"
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

func TestW15_SentValuesAreCut(t *testing.T) {
	t.Parallel()
	opaque, refresh := strings.Repeat("a", 38), "AuN8hhNd"+strings.Repeat("-_", 32)
	jwt := strings.Repeat("e", 37) + "." + strings.Repeat("f", 80) + "." + strings.Repeat("g", 86)
	uuid := "01234567-89ab-cdef-0123-456789abcdef"
	for _, c := range []struct {
		cut        func(string) string
		sent, want string
	}{
		{oauth.CutSent, uuid, uuid},
		{oauth.CutSent, opaque, "aaaaaaaa...(38 characters)"},
		{oauth.CutSent, refresh, "AuN8hhNd...(72 characters)"},
		{oauth.CutSent, jwt, "eeeeeeee...(205 characters)"},
		{oauth.CutRuns, "the scope " + jwt + " is not known", "the scope eeeeeeee...(37 characters).ffffffff...(80 characters).gggggggg...(86 characters) is not known"},
		{oauth.CutRuns, "the scope https://www.example.com/auth/calendar.events.readonly is", "the scope https://www.example.com/auth/calendar.events.readonly is"},
		{oauth.CutRuns, "", ""},
		{oauth.CutSentURI, "https://app.example:8443/cb/" + uuid, "https://app.example:8443/cb/" + uuid},
		{oauth.CutSentURI, "https://ada:pass@app.example/cb?code=short&x&state=s#access_token=t", "https://app.example/cb?code=…&x&state=…#…"},
		{oauth.CutSentURI, "https://app.example/" + opaque + "?" + refresh, "https://app.example/aaaaaaaa...(38 characters)?AuN8hhNd...(72 characters)"},
		{oauth.CutSentURI, "vscode:callback", "vscode:callback"},
		{oauth.CutSentURI, refresh, "AuN8hhNd...(72 characters)"},
		{oauth.CutSentURI, "%zz" + opaque, "%zzaaaaaa...(40 characters)"},
		{oauth.CutSentURI, "https://app.example/\ncb?code=abc#x", "https://app.example/\ncb"},
		{oauth.CutSentURI, "https://ada:a long pass phrase@app.example/of/somebody", "https://...(54 characters)"},
		{oauth.CutSentURI, "/cb?code=abc", "/cb?code=…"},
	} {
		t.Run(c.sent, func(t *testing.T) {
			if got := c.cut(c.sent); got != c.want {
				t.Errorf("%q: %q, want %q", c.sent, got, c.want)
			}
		})
	}
}
