package endpoint

import (
	"context"
	"net/http"
	"sync/atomic"

	"github.com/recipe-web-app/oauth2d/internal/http/web"
)

// State is the condition of one part of the server.
type State string

// The states, from good to bad.
const (
	StateOK       State = "ok"
	StateDegraded State = "degraded" // it works, and an operator should look
	StateDown     State = "down"     // requests that need it are answered with 503
)

// Condition is the state of one part, with details. Anybody can read it: Detail must not quote an error.
type Condition struct {
	Part   string
	State  State
	Detail string
}

// Health serves the health of the server to probes and people.
type Health struct {
	// Probe returns the condition of every part. It is called for every request and must be quick.
	Probe func(ctx context.Context) []Condition
	// Durability is when a change is acknowledged: strict or relaxed. Empty: it is left out.
	Durability string

	stopping atomic.Bool
}

type healthAnswer struct {
	Status     string            `json:"status"`
	Durability string            `json:"durability,omitempty"` // strict or relaxed
	Checks     map[string]State  `json:"checks,omitempty"`
	Details    map[string]string `json:"details,omitempty"`
}

// Stopping makes the server not ready, so that load balancers send no new requests while it finishes the others.
func (e *Health) Stopping() { e.stopping.Store(true) }

// Live answers that the process serves requests, whatever else is wrong: restarting it would not
// bring Redis back.
func (e *Health) Live(w http.ResponseWriter, _ *http.Request) error {
	return web.JSON(w, healthAnswer{Status: "ok"})
}

// Ready answers 200 when requests can be served, also while something is degraded, and 503 when
// they cannot. The body names the part.
func (e *Health) Ready(w http.ResponseWriter, r *http.Request) error {
	answer := healthAnswer{Status: "ready", Durability: e.Durability, Checks: map[string]State{}, Details: map[string]string{}}
	status := http.StatusOK
	for _, c := range e.Probe(r.Context()) {
		answer.Checks[c.Part] = c.State
		if c.Detail != "" {
			answer.Details[c.Part] = c.Detail
		}
		switch {
		case c.State == StateDown:
			status, answer.Status = http.StatusServiceUnavailable, "unavailable"
		case c.State == StateDegraded && status == http.StatusOK:
			answer.Status = "degraded"
		}
	}
	if e.stopping.Load() {
		status, answer.Status = http.StatusServiceUnavailable, "stopping"
	}
	return web.JSONStatus(w, status, answer)
}
