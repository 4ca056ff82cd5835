package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"github.com/recipe-web-app/oauth2d/internal/event"
	"github.com/recipe-web-app/oauth2d/internal/http/adminclient"
	"github.com/recipe-web-app/oauth2d/internal/http/adminwire"
)

func newAudit(s *shared) *cobra.Command {
	return group("audit", "read what happened, and see that nothing was taken out", newAuditQuery(s), newAuditVerify(s))
}

func newAuditQuery(s *shared) *cobra.Command {
	var f adminwire.AuditFilter
	var from, to string
	var limit int
	cmd := &cobra.Command{
		Use:   "query",
		Short: "list the facts that fit all that is given, newest first",
		Example: `  oauth2d audit query --server http://127.0.0.1:9090 --from 24h --event login.failed
  oauth2d audit query --server http://127.0.0.1:9090 --subject ada
  oauth2d audit query --server http://127.0.0.1:9090 --client planner --output json

  # what stands behind the code on an error page
  oauth2d audit query --server http://127.0.0.1:9090 --request-id 7KQ4A-M2XPC`,
		Args: noArgs,
	}
	flags := cmd.Flags()
	flags.StringVar(&from, "from", "", "not before this time (RFC 3339), or not longer ago than this (such as 24h)")
	flags.StringVar(&to, "to", "", "before this time, or longer ago than this")
	flags.StringVar(&f.Subject, "subject", "", "about this user, by user name or id, or about this client")
	flags.StringVar(&f.Client, "client", "", "in which this client took part")
	flags.StringSliceVar(&f.Events, "event", nil, "events of these names, such as code.replayed")
	flags.StringVar(&f.Request, "request-id", "", "of this request: its id, or the code for support that a person reads out")
	flags.BoolVar(&f.OldestFirst, "oldest-first", false, "in the order in which it happened")
	flags.IntVar(&limit, "limit", 200, "how many are listed at most; 0: all")
	return s.operate(cmd, func(ctx context.Context, api *adminclient.Client, _ []string) error {
		var err error
		if f.From, err = s.moment("--from", from); err != nil {
			return err
		}
		if f.To, err = s.moment("--to", to); err != nil {
			return err
		}
		for _, name := range f.Events {
			if !slices.Contains(event.Names(), name) {
				return oneOf("--event", name, event.Names())
			}
		}
		asked := f
		unknown, err := s.resolve(ctx, api, &f)
		if err != nil {
			return err
		}
		entries, err := adminclient.Collect(api.Audit(ctx, f), limit)
		if err != nil {
			return err
		}
		if len(entries) == 0 && unknown != "" {
			return unknownIn(unknown, asked)
		}
		if len(entries) == 0 && f.Request != "" {
			return &problem{
				code: exitNotFound, hint: "an address that does not exist and a rate limit are told by the server's own log alone",
				err: fmt.Errorf("no entry of the request %s", f.Request),
			}
		}
		t := table{head: []string{"time", "event", "outcome", "subject", "client id", "actor", "ip"}}
		for _, e := range entries {
			t.rows = append(t.rows, []string{
				s.when(e.At), e.Event, orDash(e.Outcome), orDash(e.Subject), orDash(e.Client), orDash(e.Actor), orDash(e.IP),
			})
		}
		for _, e := range entries {
			t.below = append(t.below, details(e))
		}
		return s.print(entries, t)
	})
}

// resolve puts the id of a user in the place of their name. It returns the flag whose value names nobody
// who is there: the log may still have entries of somebody who was deleted.
func (s *shared) resolve(ctx context.Context, api *adminclient.Client, f *adminwire.AuditFilter) (unknown string, err error) {
	if f.Client != "" {
		if known, err := isClient(ctx, api, f.Client); err != nil || !known {
			return "--client", err
		}
	}
	if f.Subject == "" {
		return "", nil
	}
	isOne, err := isClient(ctx, api, f.Subject)
	if err != nil {
		return "", err
	}
	user, err := who(ctx, api, f.Subject)
	switch {
	case err == nil && isOne:
		s.say("%q is a user and a client: these are the entries of the user; for those of the client say --client %s", f.Subject, f.Subject)
		f.Subject = user.ID
	case err == nil:
		f.Subject = user.ID
	case codeOf(err) != exitNotFound:
		return "", err
	case !isOne && !hasFormOfID(f.Subject):
		return "", unknownIn("--subject", *f)
	case !isOne:
		return "--subject", nil
	}
	return "", nil
}

func isClient(ctx context.Context, api *adminclient.Client, id string) (bool, error) {
	if !hasFormOfID(id) {
		return false, nil
	}
	_, err := api.Client(ctx, id)
	if codeOf(err) == exitNotFound {
		return false, nil
	}
	return err == nil, err
}

func hasFormOfID(text string) bool {
	odd := func(r rune) bool {
		return (r < 'a' || r > 'z') && (r < 'A' || r > 'Z') && (r < '0' || r > '9') && r != '-' && r != '_'
	}
	return text != "" && len(text) <= 64 && !strings.ContainsFunc(text, odd)
}

// unknownIn is the failure of a question about somebody who is not there, and of whom nothing is recorded.
func unknownIn(flag string, f adminwire.AuditFilter) error {
	name, what := f.Subject, "no user and no client is called"
	if flag == "--client" {
		name, what = f.Client, "no client is called"
	}
	return &problem{
		code: exitNotFound, err: fmt.Errorf("%s: %s %q, and no entry of the log names one", flag, what, name),
		hint: "oauth2d user list and oauth2d client list show who there is",
	}
}

// details is what else belongs to a fact: a line each below it.
func details(e adminwire.AuditEntry) []string {
	var lines []string
	for _, name := range sortedKeys(e.Details) {
		shown, isText := e.Details[name].(string)
		if !isText {
			shown = text(e.Details[name])
		}
		lines = append(lines, name+": "+shown)
	}
	return lines
}

// errTampered is the failure of a verification.
var errTampered = errors.New("entries were removed, changed, added or reordered")

func newAuditVerify(s *shared) *cobra.Command {
	cmd := &cobra.Command{
		Use:     "verify",
		Short:   "find entries that were removed, changed, added or reordered; exit code 1 when there are any",
		Example: "  oauth2d audit verify --server http://127.0.0.1:9090",
		Args:    noArgs,
	}
	return s.operate(cmd, func(ctx context.Context, api *adminclient.Client, _ []string) error {
		p := progress{s: s, what: "verifying"}
		report, err := api.VerifyAudit(ctx, func(entries, left int) {
			if left > 0 {
				p.step(entries, left)
			}
		})
		p.end()
		if err != nil {
			return err
		}
		t := table{head: []string{"seq", "id", "what"}}
		for _, f := range report.Faults {
			t.rows = append(t.rows, []string{strconv.FormatUint(f.Sequence, 10), orDash(f.ID), f.What})
		}
		if !report.Sound || s.output != "table" {
			if err := s.print(report, t); err != nil {
				return err
			}
		}
		if report.More > 0 {
			s.say("%s more were found", count(report.More, "fault"))
		}
		if !report.Sound {
			return errTampered
		}
		s.say("%d entries are as they were written, from %s to %s", report.Entries, exactly(report.From), exactly(report.To))
		return nil
	})
}
