package devmode

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/recipe-web-app/oauth2d/internal/cli/console"
)

// ReadableFacts writes entries of the audit log for a person at a terminal: a short line in place of each JSON object.
// Each Write must contain whole lines.
type ReadableFacts struct{ To io.Writer }

// Write implements io.Writer.
func (r ReadableFacts) Write(p []byte) (int, error) {
	for line := range bytes.Lines(p) {
		if _, err := io.WriteString(r.To, readableFact(line)); err != nil {
			return 0, err
		}
	}
	return len(p), nil
}

// readableFact formats one entry. Other lines stay unchanged.
func readableFact(line []byte) string {
	var fact struct {
		At      time.Time      `json:"at"`
		Event   string         `json:"event"`
		Outcome string         `json:"outcome"`
		Client  string         `json:"client_id"`
		Subject string         `json:"subject"`
		Request string         `json:"request_id"`
		Details map[string]any `json:"details"`
	}
	if json.Unmarshal(line, &fact) != nil || fact.Event == "" {
		return string(line)
	}
	parts := []string{fact.At.Local().Format(time.TimeOnly), fmt.Sprintf("%-16s", fact.Event)} //nolint:gosmopolitan // for the person at this terminal
	add := func(name, value string) {
		if value != "" {
			parts = append(parts, name+"="+value)
		}
	}
	if fact.Outcome != "done" {
		add("outcome", fact.Outcome)
	}
	add("client", fact.Client)
	add("subject", fact.Subject)
	for _, name := range slices.Sorted(maps.Keys(fact.Details)) {
		if value := fact.Details[name]; value != nil && value != "" {
			add(name, strings.Trim(console.Inline(value), `"`))
		}
	}
	return strings.Join(parts, "  ") + "\n"
}
