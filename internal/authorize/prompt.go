package authorize

import (
	"strconv"
	"strings"
	"time"

	"github.com/recipe-web-app/oauth2d/internal/oauth"
)

// prompt is what a client demands of the person's presence (OIDC Core §3.1.2.1).
type prompt struct {
	none    bool // ask nothing
	login   bool // prove it again
	consent bool // ask again
	maxAge  time.Duration
	aged    bool // maxAge was sent
}

func parsePrompt(text, maxAge string) (prompt, error) {
	var p prompt
	words := strings.Fields(text)
	for _, word := range words {
		switch word {
		case "none":
			p.none = true
		case "login", "select_account": // signing in is how an account is selected here
			p.login = true
		case "consent":
			p.consent = true
		default:
			return prompt{}, oauth.Refuse(oauth.InvalidRequest, "prompt holds an unknown value", nil)
		}
	}
	if p.none && len(words) > 1 {
		return prompt{}, oauth.Refuse(oauth.InvalidRequest, "prompt none stands alone", nil)
	}
	if maxAge == "" {
		return p, nil
	}
	seconds, err := strconv.ParseUint(maxAge, 10, 31)
	if err != nil {
		return prompt{}, oauth.Refuse(oauth.InvalidRequest, "max_age is not a number of seconds", nil)
	}
	p.maxAge, p.aged = time.Duration(seconds)*time.Second, true
	return p, nil
}

// satisfied tells whether a person who proved themselves at authTime need not do it again. What
// they did after the request came in always counts, else login would never end.
func (p prompt) satisfied(authTime, asked, now time.Time) bool {
	if !authTime.Before(asked) {
		return true
	}
	return !p.login && (!p.aged || now.Sub(authTime) <= p.maxAge)
}
