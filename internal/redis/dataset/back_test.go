package dataset

import (
	"context"
	"log/slog"
	"net"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
)

// While the data is lost, a server that does not answer holds up one caller until its timeout, and no other one.
func TestASilentServerHoldsUpOneQuestionOnly(t *testing.T) {
	t.Parallel()
	listener, err := net.Listen("tcp", "127.0.0.1:0") //nolint:noctx // closed by the test
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = listener.Close() })
	accepted := make(chan net.Conn, 1)
	go func() {
		if conn, err := listener.Accept(); err == nil {
			accepted <- conn
		}
	}()
	now := time.Unix(1_000_000, 0)
	d := New("auth:history", slog.New(slog.DiscardHandler), func() time.Time { return now })
	d.Learn("known")
	d.Compare(t.Context(), "another")
	client := redis.NewClient(&redis.Options{Addr: listener.Addr().String(), MaxRetries: -1, DialerRetries: 1})
	t.Cleanup(func() { _ = client.Close() })

	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	first := make(chan bool, 1)
	go func() { first <- d.IsBack(ctx, client) }()
	conn := <-accepted // the question is on its way, and nothing answers it
	if d.IsBack(t.Context(), client) {
		t.Error("a second caller is answered while nothing is known")
	}
	select {
	case <-first:
		t.Error("the first caller has an answer")
	default:
	}
	_, _ = listener.Close(), conn.Close()
	if <-first {
		t.Error("a connection that ended is an answer")
	}
	if d.beginAsking() {
		t.Error("the next question follows at once")
	}
	now = now.Add(askPeriod)
	if !d.beginAsking() {
		t.Error("no question after a period")
	}
}
