package durable

import (
	"log/slog"
	"testing"
	"time"

	"github.com/recipe-web-app/oauth2d/internal/redis/quorum"
)

// A daemon that starts on a group in use acknowledges its first write without a wait: the clock of this test stands still,
// so that a wait for a lease would never end. After a failover it still waits for one (I8).
func TestFirstWriteOnASettledGroupWaitsForNothing(t *testing.T) {
	t.Parallel()
	now := time.Now()
	for _, settled := range []bool{true, false} {
		o, _ := twoWrites(t)
		o.Now, o.Lease, o.Connections, o.Logger = func() time.Time { return now }, time.Second, 1, slog.New(slog.DiscardHandler)
		s := &Sentinels{o: o, journal: newJournal(o.Now), loss: &quorum.LossDetector{}, opened: make(chan struct{})}
		t.Cleanup(s.end)
		a := quorum.Agreement{Since: now, Settled: settled}
		a.Addr, a.ReplID = scripted(t, map[string][]string{
			"info": {bulk("role:master\r\nmaster_replid:aaaa\r\n")}, "role": {"*3\r\n$6\r\nmaster\r\n:10\r\n*0"}, "get": {bulk("7")},
		}), "aaaa"
		s.begin(a, a.Lineage)
		if s.serving() == nil {
			t.Fatal("there is no term")
		}
		if serving := s.state(a).Serving; serving != settled {
			t.Errorf("settled %v: serving %v", settled, serving)
		}
		if !settled {
			continue
		}
		if _, err := s.await(); err != nil {
			t.Error(err)
		}
	}
}
