package main

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"

	"github.com/spf13/cobra"

	"github.com/recipe-web-app/oauth2d/internal/cli/command"
	"github.com/recipe-web-app/oauth2d/internal/cli/console"
	"github.com/recipe-web-app/oauth2d/internal/cli/exit"
	"github.com/recipe-web-app/oauth2d/internal/cli/target"
	"github.com/recipe-web-app/oauth2d/internal/event"
	"github.com/recipe-web-app/oauth2d/internal/http/adminclient"
	"github.com/recipe-web-app/oauth2d/internal/http/adminwire"
)

func newAudit(c *cli) *cobra.Command {
	return command.Group("audit", "read the audit log, and verify that it is complete", newAuditQuery(c), newAuditVerify(c))
}

func newAuditQuery(c *cli) *cobra.Command {
	var f adminwire.AuditFilter
	var from, to string
	var limit int
	cmd := &cobra.Command{
		Use:   "query",
		Short: "list the entries that match all flags, newest first",
		Example: `  oauth2d audit query --server http://127.0.0.1:9090 --from 24h --event login.failed
  oauth2d audit query --server http://127.0.0.1:9090 --subject ada
  oauth2d audit query --server http://127.0.0.1:9090 --client planner --output json

  # the reason behind the code on an error page
  oauth2d audit query --server http://127.0.0.1:9090 --request-id 7KQ4A-M2XPC`,
		Args: command.NoArgs,
	}
	flags := cmd.Flags()
	flags.StringVar(&from, "from", "", "entries since this time (RFC 3339) or age (such as 24h)")
	flags.StringVar(&to, "to", "", "entries before this time or age")
	flags.StringVar(&f.Subject, "subject", "", "entries about this user (name or id) or client")
	flags.StringVar(&f.Client, "client", "", "entries about this client")
	flags.StringSliceVar(&f.Events, "event", nil, "only these events, such as code.replayed")
	flags.StringVar(&f.Request, "request-id", "", "entries of this request: its id, or the support code that a page showed")
	flags.BoolVar(&f.OldestFirst, "oldest-first", false, "list the oldest entries first")
	flags.IntVar(&limit, "limit", 200, "maximum number of results; 0: all")
	return c.target.Operate(cmd, func(ctx context.Context, api *adminclient.Client, _ []string) error {
		var err error
		if f.From, err = console.ParseTime("--from", from); err != nil {
			return err
		}
		if f.To, err = console.ParseTime("--to", to); err != nil {
			return err
		}
		for _, name := range f.Events {
			if !slices.Contains(event.Names(), name) {
				return exit.NotOneOf("--event", name, event.Names())
			}
		}
		asked := f
		unknown, err := target.ResolveSubject(ctx, c.Console, api, &f)
		if err != nil {
			return err
		}
		entries, err := adminclient.Collect(api.Audit(ctx, f), limit)
		if err != nil {
			return err
		}
		if len(entries) == 0 && unknown != "" {
			return target.UnknownSubject(unknown, asked)
		}
		if len(entries) == 0 && f.Request != "" {
			return &exit.Error{
				Code: exit.NotFound, Hint: "unknown paths and rate limits are only in the server's own log",
				Err: fmt.Errorf("no entry of the request %s", f.Request),
			}
		}
		return c.Print(entries, c.auditTable(entries))
	})
}

// auditTable lists entries, with their details below each.
func (c *cli) auditTable(entries []adminwire.AuditEntry) console.Table {
	t := console.Table{Head: []string{"time", "event", "outcome", "subject", "client id", "actor", "ip"}}
	for _, e := range entries {
		t.Rows = append(t.Rows, []string{
			c.When(e.At), e.Event, console.OrDash(e.Outcome), console.OrDash(e.Subject), console.OrDash(e.Client), console.OrDash(e.Actor), console.OrDash(e.IP),
		})
	}
	for _, e := range entries {
		t.Below = append(t.Below, details(e))
	}
	return t
}

// details returns the details of an entry, one a line.
func details(e adminwire.AuditEntry) []string {
	var lines []string
	for _, name := range slices.Sorted(maps.Keys(e.Details)) {
		shown, isText := e.Details[name].(string)
		if !isText {
			shown = console.Inline(e.Details[name])
		}
		lines = append(lines, name+": "+shown)
	}
	return lines
}

// errTampered is the error of a verification.
var errTampered = errors.New("entries were removed, changed, added or reordered")

func newAuditVerify(c *cli) *cobra.Command {
	cmd := &cobra.Command{
		Use:     "verify",
		Short:   "find entries that were removed, changed, added or reordered; exit code 1 if there are any",
		Example: "  oauth2d audit verify --server http://127.0.0.1:9090",
		Args:    command.NoArgs,
	}
	return c.target.Operate(cmd, func(ctx context.Context, api *adminclient.Client, _ []string) error {
		p := console.Progress{Console: c.Console, Doing: "verifying"}
		report, err := api.VerifyAudit(ctx, func(entries, left int) {
			if left > 0 {
				p.Step(entries, left)
			}
		})
		p.End()
		if err != nil {
			return err
		}
		t := console.Table{Head: []string{"seq", "id", "what"}}
		for _, f := range report.Faults {
			t.Rows = append(t.Rows, []string{strconv.FormatUint(f.Sequence, 10), console.OrDash(f.ID), f.What})
		}
		if !report.Sound || c.Output != "table" {
			if err := c.Print(report, t); err != nil {
				return err
			}
		}
		if report.More > 0 {
			c.Say("%s more were found", console.Count(report.More, "fault"))
		}
		if !report.Sound {
			return errTampered
		}
		c.Say("%d entries are as they were written, from %s to %s", report.Entries, console.FullTime(report.From), console.FullTime(report.To))
		return nil
	})
}
