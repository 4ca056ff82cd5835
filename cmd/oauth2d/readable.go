package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"time"
)

// readableFacts writes facts of the audit log as a person at a terminal reads them: one short line each,
// where the log has one JSON object. It takes whole lines.
type readableFacts struct{ to io.Writer }

// Write implements io.Writer.
func (r readableFacts) Write(p []byte) (int, error) {
	for line := range bytes.Lines(p) {
		if _, err := io.WriteString(r.to, readableFact(line)); err != nil {
			return 0, err
		}
	}
	return len(p), nil
}

// readableFact is one fact; a line that is none stays as it is.
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
	for _, name := range sortedKeys(fact.Details) {
		if value := fact.Details[name]; value != nil && value != "" {
			add(name, strings.Trim(text(value), `"`))
		}
	}
	return strings.Join(parts, "  ") + "\n"
}
