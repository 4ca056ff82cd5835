//go:build monitoring

package monitoring_test

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"
)

// hook is the webhook of all receivers. It remembers what Alertmanager sent.
type hook struct {
	url   string
	mu    sync.Mutex
	calls []call
}

// call is one alert of a message.
type call struct {
	at                        time.Time
	receiver, alert, severity string
	firing                    bool
	runbook, description      string
}

func newHook(t *testing.T) *hook {
	h := &hook{}
	server := httptest.NewServer(http.HandlerFunc(h.serve))
	h.url = server.URL
	t.Cleanup(server.Close)
	return h
}

func (h *hook) serve(_ http.ResponseWriter, r *http.Request) {
	var message struct {
		Alerts []struct {
			Status              string
			Labels, Annotations map[string]string
		}
	}
	if err := json.NewDecoder(r.Body).Decode(&message); err != nil {
		return
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, a := range message.Alerts {
		h.calls = append(h.calls, call{
			time.Now(), strings.Trim(r.URL.Path, "/"), a.Labels["alertname"], a.Labels["severity"], a.Status == "firing",
			a.Annotations["runbook_url"], a.Annotations["description"],
		})
	}
}

// last returns the last call about an alert since a time.
func (h *hook) last(alert string, since time.Time) (call, bool) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for i := len(h.calls) - 1; i >= 0; i-- {
		if h.calls[i].alert == alert && h.calls[i].at.After(since) {
			return h.calls[i], true
		}
	}
	return call{}, false
}

// firing reports whether the last message about an alert said so.
func (h *hook) firing(alert string) bool {
	c, known := h.last(alert, time.Time{})
	return known && c.firing
}
