package adminapi_test

import (
	"encoding/json"
	"fmt"
	"net"
	"strings"
	"sync"
	"testing"
	"time"
)

// Callers reset their connection 1 to 3 ms after they asked for a client: each client that exists afterwards has
// exactly one entry with the outcome done.
func TestF_S02_CallersThatResetTheConnectionLeaveAnEntryEach(t *testing.T) {
	t.Parallel()
	d := onRedis(t)
	token := asked(t, root(d))
	address := strings.TrimPrefix(d.Admin, "http://")
	const callers = 80
	var all sync.WaitGroup
	for i := range callers {
		if i%8 == 0 {
			all.Wait() // a few at a time, so that none waits behind the others
		}
		all.Go(func() {
			body := fmt.Sprintf(`{"client_id":"reset-%d","client_name":"Reset","grant_types":["client_credentials"],"scope":"read"}`, i)
			conn, err := net.Dial("tcp", address)
			if err != nil {
				t.Error(err)
				return
			}
			_, err = fmt.Fprintf(conn, "POST /admin/v1/clients HTTP/1.1\r\nHost: %s\r\nAuthorization: Bearer %s\r\n"+
				"Content-Type: application/json\r\nContent-Length: %d\r\n\r\n%s", address, token, len(body), body)
			if err != nil {
				t.Error(err)
			}
			<-time.After(time.Duration(1000+i*25) * time.Microsecond)
			_ = conn.(*net.TCPConn).SetLinger(0)
			_ = conn.Close()
		})
	}
	all.Wait()
	created := func() map[string]int {
		entries := map[string]int{}
		for line := range strings.Lines(d.Facts(t)) {
			var e struct {
				Event, Outcome string
				Details        struct{ Target string }
			}
			if json.Unmarshal([]byte(line), &e) == nil && e.Event == "client.create" && e.Outcome == "done" {
				entries[e.Details.Target]++
			}
		}
		return entries
	}
	exist := func() []string {
		var ids []string
		for one, err := range clientOf(t, d, token).Clients(t.Context()) {
			ok(t, err)
			if strings.HasPrefix(string(one.ID), "reset-") {
				ids = append(ids, string(one.ID))
			}
		}
		return ids
	}
	// The last requests may still be in flight: wait until no new client appears and every client is recorded.
	ids, entries := exist(), created()
	deadline := time.Now().Add(20 * time.Second)
	for calm := 0; calm < 3 && time.Now().Before(deadline); {
		<-time.After(100 * time.Millisecond)
		before := len(ids)
		ids, entries = exist(), created()
		calm++
		if len(ids) != before || len(entries) != len(ids) {
			calm = 0
		}
	}
	t.Logf("%d of %d callers created a client; %d entries", len(ids), callers, len(entries))
	for _, id := range ids {
		if entries[id] != 1 {
			t.Errorf("%s exists and has %d entries", id, entries[id])
		}
	}
	if len(ids) == 0 || len(entries) != len(ids) {
		t.Errorf("%d clients, %d entries", len(ids), len(entries))
	}
}
