package main

import (
	"context"
	"encoding/json"
	"errors"
	"strconv"
	"time"

	"github.com/spf13/cobra"

	"github.com/recipe-web-app/oauth2d/internal/app"
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
  oauth2d audit query --server http://127.0.0.1:9090 --client planner --output json`,
		Args: noArgs,
	}
	flags := cmd.Flags()
	flags.StringVar(&from, "from", "", "not before this time (RFC 3339), or not longer ago than this (such as 24h)")
	flags.StringVar(&to, "to", "", "before this time, or longer ago than this")
	flags.StringVar(&f.Subject, "subject", "", "about this user or client, by id")
	flags.StringVar(&f.Client, "client", "", "in which this client took part")
	flags.StringSliceVar(&f.Events, "event", nil, "facts of these names, such as code.replayed")
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
		entries, err := adminclient.Collect(api.Audit(ctx, f), limit)
		if err != nil {
			return err
		}
		t := table{head: []string{"time", "event", "subject", "client id", "actor", "ip", "details"}}
		for _, e := range entries {
			t.rows = append(t.rows, []string{
				e.At.UTC().Format("2006-01-02 15:04:05"), e.Event, orDash(e.Subject), orDash(e.Client), orDash(e.Actor), orDash(e.IP), details(e),
			})
		}
		return s.print(entries, t)
	})
}

// details is what else belongs to a fact, in one cell.
func details(e adminwire.AuditEntry) string {
	if len(e.Details) == 0 {
		return "-"
	}
	raw, err := json.Marshal(e.Details)
	if err != nil {
		return "-"
	}
	return string(raw)
}

// auditFault is something in the log that no server wrote so.
type auditFault struct {
	ID   string `json:"id,omitempty"`
	Seq  uint64 `json:"seq"`
	What string `json:"what"`
}

// auditView is what a verification found.
type auditView struct {
	Sound   bool         `json:"sound"`
	Entries int          `json:"entries"`
	First   uint64       `json:"first_seq"`
	Last    uint64       `json:"last_seq"`
	From    time.Time    `json:"from,omitzero"`
	To      time.Time    `json:"to,omitzero"`
	Faults  []auditFault `json:"faults"`
	More    int          `json:"more_faults,omitempty"`
}

// errTampered is the failure of a verification.
var errTampered = errors.New("entries were removed, changed, added or reordered")

func newAuditVerify(s *shared) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "verify",
		Short: "find entries that were removed, changed, added or reordered; exit code 1 when there are any",
		Long: "Read the whole log and find entries that were removed, changed, added or reordered. This needs the server's\n" +
			"own keys, and so works straight on Redis only.",
		Example: "  oauth2d audit verify --direct",
		Args:    noArgs,
	}
	return s.direct(cmd, func(ctx context.Context, d *app.Direct, _ []string) error {
		report, err := d.Audit.Verify(ctx)
		if err != nil {
			return err
		}
		v := auditView{
			Sound: report.Sound(), Entries: report.Entries, First: report.First, Last: report.Last, From: report.From, To: report.To,
			Faults: []auditFault{}, More: report.More,
		}
		t := table{head: []string{"seq", "id", "what"}}
		for _, f := range report.Faults {
			v.Faults = append(v.Faults, auditFault{f.Place, f.Seq, f.What})
			t.rows = append(t.rows, []string{strconv.FormatUint(f.Seq, 10), orDash(f.Place), f.What})
		}
		if !v.Sound || s.output != "table" {
			if err := s.print(v, t); err != nil {
				return err
			}
		}
		if !v.Sound {
			return errTampered
		}
		s.say("%d entries are as they were written, from %s to %s", v.Entries, when(v.From), when(v.To))
		return nil
	})
}
