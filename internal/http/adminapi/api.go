package adminapi

import (
	"context"
	"net/http"
	"slices"
	"strings"

	"github.com/recipe-web-app/oauth2d/internal/admin"
	"github.com/recipe-web-app/oauth2d/internal/http/adminwire"
	"github.com/recipe-web-app/oauth2d/internal/http/web"
	"github.com/recipe-web-app/oauth2d/internal/oauth"
	"github.com/recipe-web-app/oauth2d/internal/profile"
)

// Base is the prefix of every path.
const Base = adminwire.Base

// The scopes of the operations.
const (
	clientsRead   = "admin:clients:read"
	clientsWrite  = "admin:clients:write"
	usersRead     = "admin:users:read"
	usersWrite    = "admin:users:write"
	sessionsRead  = "admin:sessions:read"
	sessionsWrite = "admin:sessions:write"
	grantsRead    = "admin:grants:read"
	grantsWrite   = "admin:grants:write"
	tokensRead    = "admin:tokens:read"
	tokensWrite   = "admin:tokens:write" //nolint:gosec // G101: a scope, not a token
	epochWrite    = "admin:epoch:write"
	keysRead      = "admin:keys:read"
	keysWrite     = "admin:keys:write"
	auditRead     = "admin:audit:read"
	statsRead     = "admin:stats:read"
	profilesRead  = "admin:profiles:read"
)

// Scopes lists every scope that an operation needs, and admin.All, for the settings and the docs.
func Scopes() []string {
	all := []string{admin.All}
	for _, one := range (&API{o: Options{Audit: &Audit{}, Profiler: &profile.Profiler{}}}).operations() {
		if !slices.Contains(all, one.scope) {
			all = append(all, one.scope)
		}
	}
	return all
}

// Callers authenticates the caller of a request.
type Callers interface {
	// Operator returns the operator that sent a request. A refusal is invalid_token; any other error means
	// "could not ask".
	Operator(r *http.Request) (admin.Operator, error)
}

// Audit reads the audit log.
type Audit struct {
	// Query returns the entries that match a filter, at most limit, and the position of the next one.
	Query func(ctx context.Context, f adminwire.AuditFilter, cursor string, limit int) ([]adminwire.AuditEntry, string, error)
	// Verify checks a part of the log for tampering; the report's Next is the position of the next part.
	Verify func(ctx context.Context, cursor string) (adminwire.AuditReport, error)
	// Counts returns the number of entries in the log, and of those that this server could not write.
	Counts func(ctx context.Context) (entries, dropped int64, err error)
}

// Options configure an API.
type Options struct {
	Admin    *admin.Admin
	Callers  Callers
	Audit    *Audit            // nil: no audit log is kept, and none is served
	Profiler *profile.Profiler // nil: no profiles are served
	Version  string
}

// API serves the operations. It is safe for concurrent use.
type API struct{ o Options }

// New returns an API.
func New(o Options) *API { return &API{o: o} }

// Route is one operation for the router.
type Route struct {
	Methods string // separated by spaces
	Path    string // below Base, as a chi pattern
	Serve   web.Handler
}

// operation is one line of the contract.
type operation struct {
	route string // method and path
	scope string
	query string // the parameters it knows, separated by spaces
	serve func(*API, *call) error
}

func (a *API) operations() []operation {
	all := []operation{
		{"GET /clients", clientsRead, "limit cursor", (*API).listClients},
		{"POST /clients", clientsWrite, "dry_run", (*API).createClient},
		{"GET /clients/{client_id}", clientsRead, "", (*API).getClient},
		{"PUT /clients/{client_id}", clientsWrite, "dry_run", (*API).putClient},
		{"PATCH /clients/{client_id}", clientsWrite, "", (*API).patchClient},
		{"DELETE /clients/{client_id}", clientsWrite, "", (*API).deleteClient},
		{"GET /clients/{client_id}/secrets", clientsRead, "", (*API).listSecrets},
		{"POST /clients/{client_id}/secrets", clientsWrite, "", (*API).createSecret},
		{"DELETE /clients/{client_id}/secrets/{secret_id}", clientsWrite, "", (*API).deleteSecret},
		{"POST /clients/{client_id}/tokens/revoke", tokensWrite, "", (*API).revokeClientTokens},

		{"GET /users", usersRead, "username limit cursor", (*API).listUsers},
		{"POST /users", usersWrite, "", (*API).createUser},
		{"GET /users/{user_id}", usersRead, "", (*API).getUser},
		{"PATCH /users/{user_id}", usersWrite, "", (*API).patchUser},
		{"DELETE /users/{user_id}", usersWrite, "", (*API).deleteUser},
		{"PUT /users/{user_id}/password", usersWrite, "", (*API).setPassword},
		{"POST /users/{user_id}/unlock", usersWrite, "", (*API).unlockUser},
		{"POST /users/{user_id}/tokens/revoke", tokensWrite, "", (*API).revokeUserTokens},

		{"GET /sessions", sessionsRead, "user_id client_id started_before seen_before limit cursor", (*API).listSessions},
		{"POST /sessions/end", sessionsWrite, "", (*API).endSessions},
		{"DELETE /sessions/{sid}", sessionsWrite, "", (*API).endSession},

		{"GET /grants", grantsRead, "user_id client_id limit cursor", (*API).listGrants},
		{"GET /grants/{grant}", grantsRead, "", (*API).getGrant},
		{"DELETE /grants/{grant}", grantsWrite, "", (*API).revokeGrant},

		{"POST /tokens/introspect", tokensRead, "", (*API).introspect},
		{"POST /tokens/revoke", tokensWrite, "", (*API).revokeToken},
		{"POST /tokens/revoke-all", epochWrite, "", (*API).revokeAll},

		{"GET /keys", keysRead, "", (*API).listKeys},
		{"POST /keys/rotate", keysWrite, "", (*API).rotateKeys},
		{"DELETE /keys/{kid}", keysWrite, "", (*API).dropKey},

		{"GET /stats", statsRead, "", (*API).stats},
	}
	if a.o.Audit != nil {
		all = append(all,
			operation{"GET /audit", auditRead, "from to subject client_id event request_id order limit cursor", (*API).listAudit},
			operation{"GET /audit/verify", auditRead, "cursor", (*API).verifyAudit})
	}
	if a.o.Profiler != nil {
		all = append(all, operation{"GET /profiles/{profile}", profilesRead, "seconds", (*API).profile})
	}
	return all
}

// Routes lists the operations for the router.
func (a *API) Routes() []Route {
	words := map[string]string{} // the paths without an id, and their method
	for _, one := range a.operations() {
		if method, path, _ := strings.Cut(one.route, " "); !strings.Contains(path, "{") {
			words[Base+path] = strings.TrimSpace(words[Base+path] + " " + method)
		}
	}
	var all []Route
	for _, one := range a.operations() {
		methods, path, _ := strings.Cut(one.route, " ")
		if methods == http.MethodGet {
			methods += " " + http.MethodHead
		}
		all = append(all, Route{Methods: methods, Path: Base + path, Serve: exceptReserved(words, path, a.guarded(one))})
	}
	return all
}

// exceptReserved rejects a reserved word in the place of an id: /sessions/end does not name a session.
func exceptReserved(words map[string]string, path string, serve web.Handler) web.Handler {
	if !strings.Contains(path, "{") {
		return serve
	}
	return func(w http.ResponseWriter, r *http.Request) error {
		if methods, word := words[r.URL.Path]; word {
			w.Header().Set("Allow", methods)
			return oauth.Refuse(oauth.MethodNotAllowed, "this method is not served here", nil)
		}
		return serve(w, r)
	}
}

// guarded checks the caller's scope before it reads anything else of the request.
func (a *API) guarded(one operation) web.Handler {
	known := strings.Fields(one.query)
	return func(w http.ResponseWriter, r *http.Request) error {
		operator, err := a.o.Callers.Operator(r)
		if err != nil {
			return err
		}
		if err := a.serve(one, known, &call{Operator: operator, w: w, r: r}); err != nil {
			refusal := oauth.AsError(err)
			refusal.Facts.Actor = operator.Name
			return refusal
		}
		return nil
	}
}

func (a *API) serve(one operation, known []string, c *call) error {
	if err := c.Must(one.scope); err != nil {
		return err
	}
	if err := c.readQuery(known); err != nil {
		return err
	}
	return one.serve(a, c)
}
