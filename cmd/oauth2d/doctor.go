package main

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"time"

	"github.com/spf13/cobra"

	"github.com/recipe-web-app/oauth2d/internal/app"
	"github.com/recipe-web-app/oauth2d/internal/config"
)

// findingView is a finding as it is printed.
type findingView struct {
	Check   string `json:"check"`
	Verdict string `json:"verdict"`
	Found   string `json:"found"`
	Remedy  string `json:"remedy,omitempty"`
}

func newDoctor(s *shared) *cobra.Command {
	var offline bool
	cmd := &cobra.Command{
		Use:   "doctor",
		Short: "look at everything a deployment needs, and tell what to do about it",
		Long: "Look at everything that a server with these settings needs: the settings, every Redis server (reachable,\n" +
			"version, eviction, persistence, memory, replicas, clock), the rights of the ACL user, the server's own keys,\n" +
			"certificates, and the issuer under its own URL. Nothing is changed. The exit code is 1 when something fails;\n" +
			"what is only doubtful (warn) does not count.",
		Example: `  # with the settings of the server
  oauth2d doctor --config oauth2d.yaml

  # for a monitor
  oauth2d doctor --output json`,
		Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return s.examine(cmd.Context(), offline) },
	}
	cmd.Flags().BoolVar(&offline, "no-issuer", false, "leave out the issuer, where its URL is not reached from here or no server runs yet")
	return cmd
}

func (s *shared) examine(ctx context.Context, offline bool) error {
	c, origins, err := s.explain(func(from *config.Sources) { from.Tool = true })
	if err != nil {
		return err
	}
	found := settings(origins.Locate(app.CheckFiles(c)))
	found = append(found, app.Examine(ctx, c)...)
	if !offline {
		found = append(found, issuer(ctx, c.Issuer)...)
	}
	byUrgency(found)
	views := []findingView{}
	counts := map[app.Verdict]int{}
	for _, f := range found {
		counts[f.Verdict]++
		views = append(views, findingView{f.Check, string(f.Verdict), f.Found, f.Remedy})
	}
	if err := s.print(views, s.findings(found)); err != nil {
		return err
	}
	s.say("%s: %d failed, %d doubtful, %d ok", count(len(found), "check"), counts[app.Failing], counts[app.Doubt], counts[app.Well])
	if failing := counts[app.Failing]; failing > 0 {
		return fmt.Errorf("doctor: %s", failures(failing))
	}
	return nil
}

// settings are the findings about the settings and the files that they name.
func settings(wrong config.Problems) []app.Finding {
	if len(wrong) == 0 {
		return []app.Finding{{Check: "settings", Verdict: app.Well, Found: "they are understood"}}
	}
	var found []app.Finding
	for _, p := range wrong {
		remedy := p.Hint
		if remedy == "" {
			remedy = "mend the setting"
		}
		p.Hint = ""
		found = append(found, app.Finding{Check: "settings", Verdict: app.Failing, Found: p.String(), Remedy: remedy})
	}
	return found
}

// byUrgency puts first what fails: it must not drown among what is well.
func byUrgency(found []app.Finding) {
	rank := map[app.Verdict]int{app.Failing: 0, app.Doubt: 1, app.Well: 2}
	slices.SortStableFunc(found, func(a, b app.Finding) int { return rank[a.Verdict] - rank[b.Verdict] })
}

// findings is the result for people: what to do stands below what was found.
func (s *shared) findings(found []app.Finding) table {
	t := table{}
	for _, f := range found {
		t.rows = append(t.rows, []string{s.painted(f.Verdict), f.Check, f.Found})
		var below []string
		if f.Remedy != "" {
			below = []string{"      do: " + f.Remedy}
		}
		t.below = append(t.below, below)
	}
	return t
}

// painted is a verdict in its colour, where colours are shown. All have the same length, so that columns
// stay aligned.
func (s *shared) painted(v app.Verdict) string {
	if !s.color {
		return string(v)
	}
	color := map[app.Verdict]string{app.Failing: "31", app.Doubt: "33", app.Well: "32"}[v]
	return "\x1b[" + color + "m" + fmt.Sprintf("%-4s", v) + "\x1b[0m"
}

func failures(n int) string {
	if n == 1 {
		return "1 check fails"
	}
	return fmt.Sprintf("%d checks fail", n)
}

// issuer looks at a running server as its callers do.
func issuer(ctx context.Context, name string) []app.Finding {
	if name == "" {
		return []app.Finding{{Check: "issuer", Verdict: app.Doubt, Found: "none is set", Remedy: "set issuer to the public base URL, or leave it out by --no-issuer"}}
	}
	if _, err := (identity{Issuer: name}).discover(ctx); err != nil {
		f := app.Finding{Check: "issuer", Verdict: app.Failing, Found: err.Error(), Remedy: "see whether a server runs and what stands before it"}
		if p, ok := errors.AsType[*problem](err); ok && p.hint != "" {
			f.Found, f.Remedy = p.err.Error(), p.hint
		}
		return []app.Finding{f}
	}
	found := []app.Finding{{Check: "issuer", Verdict: app.Well, Found: name + " serves its own metadata"}}
	return append(found, connection(ctx, name)...)
}

// maxSkew is how far the clock of the issuer may be away; the Date header is exact to a second.
const maxSkew = 5 * time.Second

// connection looks at the certificate and the clock behind the issuer's URL.
func connection(ctx context.Context, name string) []app.Finding {
	u, err := url.Parse(name)
	if err != nil {
		return nil // it was reached, so it is a URL
	}
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, name+"/.well-known/openid-configuration", http.NoBody)
	if err != nil {
		return nil // likewise
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return []app.Finding{{Check: "issuer", Verdict: app.Failing, Found: "it answers now and then", Remedy: "see what stands before it"}}
	}
	defer response.Body.Close() //nolint:errcheck // its head is enough
	var found []app.Finding
	if response.TLS != nil && len(response.TLS.PeerCertificates) > 0 {
		found = append(found, app.Expiry("issuer tls", u.Host, response.TLS.PeerCertificates[0].NotAfter, time.Now()))
	} else {
		found = append(found, app.Finding{Check: "issuer tls", Verdict: app.Doubt, Found: "the issuer speaks plain HTTP", Remedy: "use https, but for trying out"})
	}
	if at, err := http.ParseTime(response.Header.Get("Date")); err == nil {
		f := app.Finding{Check: "issuer clock", Verdict: app.Well, Found: "the issuer has the time of this machine"}
		if away := time.Since(at).Abs(); away > maxSkew {
			f = app.Finding{
				Check: "issuer clock", Verdict: app.Failing, Found: fmt.Sprintf("the issuer is %s away from this machine", away.Round(time.Second)),
				Remedy: "keep the clocks of all machines by NTP",
			}
		}
		found = append(found, f)
	}
	return found
}
