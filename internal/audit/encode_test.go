package audit

import (
	"bytes"
	"encoding/json"
	"math"
	"strings"
	"testing"
	"time"

	"github.com/recipe-web-app/oauth2d/internal/event"
	"github.com/recipe-web-app/oauth2d/internal/oauth"
)

// Entries are written by hand and read by encoding/json. Both must agree on every member.
func TestAnEntryIsWrittenAsItIsRead(t *testing.T) {
	t.Parallel()
	l := New(Options{Now: time.Now})
	odd := "a \"quoted\" \\ line\n\x00 with <b>é</b> & \u2028"
	full := event.Origin{RequestID: "7KQ4A-M2XPC", IP: "2001:db8::1", UserAgent: odd}
	for _, c := range []struct {
		origin event.Origin
		event  event.Event
		want   string // a part of the line
	}{
		{full, event.TokenIssued{Client: "web", User: "u1", GrantType: "refresh_token", Scope: oauth.Scopes{"read", "write"}, Format: "jwt", Grant: "ref", Refresh: true}, `"scope":"read write"`},
		{event.Origin{}, event.TokenIssued{Client: "web"}, `"outcome":"done","client_id":"web","writer":`},
		{full, event.TokenRevoked{By: "operator", Client: "web", Revoked: event.RevokedClient, Outcome: event.Unknown}, `"actor":"operator","outcome":"unknown"`},
		{full, event.RequestRefused{Route: "/token", Code: oauth.InvalidRequest, Reason: odd}, `"code":"invalid_request"`},
		{full, event.AuditBroken{Known: 7, Found: 3}, `"details":{"found":3,"known":7}`},
		{full, event.AuditDropped{Where: "log", Count: 12}, `"count":12`},
		{full, event.TokenIntrospected{Caller: "api", Client: "web", Active: false}, `"active":false`},
	} {
		at := time.Date(2026, 1, 2, 3, 4, 5, 678_912_345, time.FixedZone("", 3600))
		line := l.encode(queued{at: at, origin: c.origin, event: c.event})
		var read Fact
		if err := json.Unmarshal(line, &read); err != nil {
			t.Errorf("%s: %v", line, err)
			continue
		}
		again, err := json.Marshal(read)
		if err != nil || !bytes.Equal(again, line) {
			t.Errorf("written %s\n   read %s (%v)", line, again, err)
		}
		if !strings.Contains(string(line), c.want) || read.UserAgent != c.origin.UserAgent || !read.At.Equal(at.Truncate(time.Microsecond)) {
			t.Errorf("%s, want %s", line, c.want)
		}
	}
}

func TestADetailThatCannotBeEncodedLosesNoFact(t *testing.T) {
	t.Parallel()
	l := New(Options{Now: time.Now})
	line := l.encode(queued{event: event.AdminAction{Action: "client.change", Before: map[string]any{"x": math.Inf(1)}}})
	var read Fact
	if err := json.Unmarshal(line, &read); err != nil || read.Details["unreadable"] != true || read.Event != "client.change" {
		t.Errorf("%s: %v", line, err)
	}
}
