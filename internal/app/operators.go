package app

import (
	"context"
	"log/slog"
	"time"

	"github.com/recipe-web-app/oauth2d/internal/admin"
	"github.com/recipe-web-app/oauth2d/internal/audit"
	"github.com/recipe-web-app/oauth2d/internal/http/adminapi"
	"github.com/recipe-web-app/oauth2d/internal/http/adminclient"
	"github.com/recipe-web-app/oauth2d/internal/http/adminwire"
	"github.com/recipe-web-app/oauth2d/internal/http/server"
	"github.com/recipe-web-app/oauth2d/internal/http/web"
	"github.com/recipe-web-app/oauth2d/internal/metric"
	"github.com/recipe-web-app/oauth2d/internal/oauth"
	"github.com/recipe-web-app/oauth2d/internal/profile"
)

// operatorsAPI returns the admin API for callers with an access token of this server.
func (a *App) operatorsAPI() *adminapi.API {
	r, audiences := a.rules, []string{a.issuer}
	if a.config.Token.Audience != "" {
		audiences = append(audiences, a.config.Token.Audience)
	}
	return adminapi.New(adminapi.Options{
		Admin:    r.admin,
		Callers:  adminapi.Bearer{Admin: r.admin, Tokens: r.tokens, Registry: r.registry, Limits: r.limits, Audiences: audiences},
		Audit:    auditOf(a.audit, a.config.Audit.MaxEntries),
		Profiler: &profile.Profiler{Below: a.config.Server.RequestTimeout},
		Version:  a.options.Version,
	})
}

// auditOf lets the admin API read the log; nil when there is no log.
func auditOf(log *audit.Log, keep int) *adminapi.Audit {
	if keep == 0 {
		return nil
	}
	return &adminapi.Audit{
		Query: func(ctx context.Context, f adminwire.AuditFilter, cursor string, limit int) ([]adminwire.AuditEntry, string, error) {
			page, err := log.Query(ctx, audit.Query{
				Filter:      audit.Filter{From: f.From, To: f.To, Subject: f.Subject, Client: f.Client, Events: f.Events, Request: f.Request},
				OldestFirst: f.OldestFirst, Limit: limit, Cursor: cursor,
			})
			entries := make([]adminwire.AuditEntry, len(page.Items))
			for i, e := range page.Items {
				entries[i] = adminwire.AuditEntry{
					ID: e.ID, At: e.At, Event: e.Event, Outcome: e.Outcome, Actor: e.Actor, Subject: e.Subject, Client: e.Client, IP: e.IP, UserAgent: e.UserAgent,
					RequestID: e.RequestID, Details: e.Details, Writer: e.Writer, Sequence: e.Seq, Previous: e.Previous, Hash: e.Hash,
				}
			}
			return entries, page.Next, err
		},
		Verify: func(ctx context.Context, cursor string) (adminwire.AuditReport, error) {
			report, err := log.Verify(ctx, cursor)
			faults := make([]adminwire.AuditFault, len(report.Faults))
			for i, f := range report.Faults {
				faults[i] = adminwire.AuditFault{ID: f.Place, Sequence: f.Seq, What: f.What}
			}
			return adminwire.AuditReport{
				Sound: report.Sound(), Entries: report.Entries, First: report.First, Last: report.Last, From: report.From, To: report.To,
				Faults: faults, More: report.More, Left: report.Left, Next: report.Next,
			}, err
		},
		Counts: func(ctx context.Context) (entries, dropped int64, err error) {
			n, err := log.Count(ctx)
			if err != nil {
				return 0, 0, oauth.Unavailable(err)
			}
			return int64(n), log.Dropped(), nil
		},
	}
}

// DirectOperator is the operator that is recorded for changes that were made directly on Redis.
const DirectOperator = "direct"

// Operator returns the verbs of an operator with all scopes.
func (d *Direct) Operator() admin.Operator {
	return d.rules.admin.By(DirectOperator, oauth.Scopes{admin.All})
}

// directTime bounds one call of Client.
const directTime = 2 * time.Minute

// Client returns a client of the admin API in this process, without a listener and without a token. A call has the same
// effects as at a server.
func (d *Direct) Client() *adminclient.Client {
	log := slog.New(slog.DiscardHandler)
	operators := server.Admin{
		Plumbing: server.Plumbing{
			Log: log, Metrics: metric.New(d.version, Supported()), Errors: &web.Errors{Log: log, Events: d.Audit}, Now: d.now, Timeout: directTime,
		},
		API: adminapi.New(adminapi.Options{
			Admin: d.rules.admin, Callers: adminapi.Trusted{Admin: d.rules.admin, Name: DirectOperator}, Audit: d.reads, Version: d.version,
		}),
	}
	return adminclient.Local(operators.Handler())
}
