package doctor

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"time"

	"github.com/recipe-web-app/oauth2d/internal/app"
	"github.com/recipe-web-app/oauth2d/internal/cli/console"
	"github.com/recipe-web-app/oauth2d/internal/cli/credentials"
	"github.com/recipe-web-app/oauth2d/internal/cli/exit"
	"github.com/recipe-web-app/oauth2d/internal/config"
)

// View is the printed form of a finding.
type View struct {
	Check   string `json:"check"`
	Verdict string `json:"verdict"`
	Found   string `json:"found"`
	Remedy  string `json:"remedy,omitempty"`
}

// Views returns the printed form of findings.
func Views(found []app.Finding) []View {
	views := []View{}
	for _, f := range found {
		views = append(views, View{Check: f.Check, Verdict: string(f.Verdict), Found: f.Found, Remedy: f.Remedy})
	}
	return views
}

// Examine checks everything that a server with these settings needs; offline leaves out its issuer. Failures come first.
func Examine(ctx context.Context, c config.Config, origins config.Origins, offline bool) []app.Finding {
	found := settingsFindings(origins.Locate(app.CheckFiles(c)))
	found = append(found, app.Examine(ctx, c)...)
	if !offline {
		found = append(found, issuerFindings(ctx, c.Issuer)...)
	}
	byUrgency(found)
	return found
}

// settingsFindings returns the findings about the settings and the files that they name.
func settingsFindings(wrong config.Problems) []app.Finding {
	if len(wrong) == 0 {
		return []app.Finding{{Check: "settings", Verdict: app.Well, Found: "valid"}}
	}
	var found []app.Finding
	for _, p := range wrong {
		remedy := p.Hint
		if remedy == "" {
			remedy = "fix the setting"
		}
		p.Hint = ""
		found = append(found, app.Finding{Check: "settings", Verdict: app.Failing, Found: p.String(), Remedy: remedy})
	}
	return found
}

// byUrgency sorts failures first, so that they do not drown among good results.
func byUrgency(found []app.Finding) {
	rank := map[app.Verdict]int{app.Failing: 0, app.Doubt: 1, app.Well: 2}
	slices.SortStableFunc(found, func(a, b app.Finding) int { return rank[a.Verdict] - rank[b.Verdict] })
}

// Table returns the result for people, with the remedy below each finding.
func Table(found []app.Finding, color bool) console.Table {
	t := console.Table{}
	for _, f := range found {
		t.Rows = append(t.Rows, []string{painted(f.Verdict, color), f.Check, f.Found})
		var below []string
		if f.Remedy != "" {
			below = []string{"      do: " + f.Remedy}
		}
		t.Below = append(t.Below, below)
	}
	return t
}

// painted returns a verdict in its colour, where colours are shown. All have the same length, so that columns stay
// aligned.
func painted(v app.Verdict, colored bool) string {
	if !colored {
		return string(v)
	}
	color := map[app.Verdict]string{app.Failing: "31", app.Doubt: "33", app.Well: "32"}[v]
	return "\x1b[" + color + "m" + fmt.Sprintf("%-4s", v) + "\x1b[0m"
}

// issuerFindings checks a running server through its public URL, as its clients see it.
func issuerFindings(ctx context.Context, name string) []app.Finding {
	if name == "" {
		return []app.Finding{{Check: "issuer", Verdict: app.Doubt, Found: "it is not set", Remedy: "set issuer to the public base URL, or skip this check with --no-issuer"}}
	}
	if _, err := (credentials.Identity{Issuer: name}).Discover(ctx); err != nil {
		f := app.Finding{Check: "issuer", Verdict: app.Failing, Found: err.Error(), Remedy: "check that a server runs, and the proxies in front of it"}
		if p, ok := errors.AsType[*exit.Error](err); ok && p.Hint != "" {
			f.Found, f.Remedy = p.Err.Error(), p.Hint
		}
		return []app.Finding{f}
	}
	found := []app.Finding{{Check: "issuer", Verdict: app.Well, Found: name + " serves its own metadata"}}
	return append(found, connectionFindings(ctx, name)...)
}

// maxSkew bounds the difference between the issuer's clock and ours; the Date header is exact to a second.
const maxSkew = 5 * time.Second

// connectionFindings checks the certificate and the clock behind the issuer's URL.
func connectionFindings(ctx context.Context, name string) []app.Finding {
	u, err := url.Parse(name)
	if err != nil {
		return nil // cannot happen: it was reached
	}
	ctx, cancel := context.WithTimeout(ctx, credentials.RequestTimeout)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, name+"/.well-known/openid-configuration", http.NoBody)
	if err != nil {
		return nil // likewise
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return []app.Finding{{Check: "issuer", Verdict: app.Failing, Found: "it answers only sometimes", Remedy: "check the proxies in front of it"}}
	}
	defer response.Body.Close() //nolint:errcheck // its head is enough
	var found []app.Finding
	if response.TLS != nil && len(response.TLS.PeerCertificates) > 0 {
		found = append(found, app.Expiry("issuer tls", u.Host, response.TLS.PeerCertificates[0].NotAfter, time.Now()))
	} else {
		found = append(found, app.Finding{Check: "issuer tls", Verdict: app.Doubt, Found: "the issuer speaks plain HTTP", Remedy: "use https outside of tests"})
	}
	if at, err := http.ParseTime(response.Header.Get("Date")); err == nil {
		f := app.Finding{Check: "issuer clock", Verdict: app.Well, Found: "the clock of the issuer agrees with this machine"}
		if away := time.Since(at).Abs(); away > maxSkew {
			f = app.Finding{
				Check: "issuer clock", Verdict: app.Failing, Found: fmt.Sprintf("the clock of the issuer differs from this machine by %s", away.Round(time.Second)),
				Remedy: "synchronize the clocks of all machines by NTP",
			}
		}
		found = append(found, f)
	}
	return found
}
