package web

import (
	"context"
	"net/http"
	"sync"
	"sync/atomic"
	"time"
)

// Timeout bounds how long a request may take, from the first time that it waits for something, such as Redis. When the
// time is over, the context ends and the request is answered with 503. It must run inside Frame.
//
// The timer starts when something waits for the end of the context or asks for it. A request that is answered from memory, or whose
// change has a time limit of its own, never starts one. The time of day does not matter, so that its jumps end nothing.
func Timeout(life time.Duration) func(http.Handler) http.Handler {
	return func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			x := exchangeOf(r)
			x.timeout.life = life // nothing else uses the exchange yet
			defer x.timeout.end()
			next.ServeHTTP(w, r)
		})
	}
}

// timeout ends the context of a request.
type timeout struct {
	life    time.Duration // 0: no limit
	once    sync.Once     // starts the timer
	running atomic.Bool   // ctx and cancel are set
	ctx     context.Context
	cancel  context.CancelFunc
}

// end stops the timer. One that starts later ends at once, because net/http has ended the context of the request.
func (t *timeout) end() {
	if t.running.Load() {
		t.cancel()
	}
}

// timed returns the context that ends when the time of the request is over.
func (x *exchange) timed() context.Context {
	t := &x.timeout
	if t.life == 0 {
		return x.Context
	}
	t.once.Do(func() {
		t.ctx, t.cancel = context.WithTimeout(x.Context, t.life)
		t.running.Store(true)
	})
	return t.ctx
}

// Done implements context.Context.
func (x *exchange) Done() <-chan struct{} { return x.timed().Done() }

// Deadline implements context.Context.
func (x *exchange) Deadline() (time.Time, bool) { return x.timed().Deadline() }

// Err implements context.Context.
func (x *exchange) Err() error { return x.timed().Err() }
