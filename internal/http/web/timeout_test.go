package web_test

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"runtime"
	"testing"
	"time"

	"github.com/recipe-web-app/oauth2d/internal/http/web"
)

// timed sends a request in real time.
func timed(ctx context.Context, h http.Handler) *http.Response {
	return serveFramed(h, httptest.NewRequestWithContext(ctx, http.MethodPost, "/token", http.NoBody), web.FrameOptions{Now: time.Now})
}

// The context of a request ends with its time, also for contexts made of it, and without anybody who waits.
func TestTheTimeOfARequestEndsItsContexts(t *testing.T) {
	t.Parallel()
	errs, _ := newErrors()
	for name, wait := range map[string]func(context.Context) error{
		"waiting": func(ctx context.Context) error { <-ctx.Done(); return ctx.Err() },
		"waiting, detached": func(ctx context.Context) error {
			ctx, cancel := context.WithCancel(ctx)
			defer cancel()
			<-ctx.Done()
			return ctx.Err()
		},
		"looking": func(ctx context.Context) error {
			for ctx.Err() == nil {
				runtime.Gosched()
			}
			return ctx.Err()
		},
		"a deadline": func(ctx context.Context) error {
			if at, ok := ctx.Deadline(); !ok || time.Until(at) > time.Millisecond {
				return errors.New("no deadline, or a later one")
			}
			<-ctx.Done()
			return ctx.Err()
		},
	} {
		h := web.Timeout(time.Millisecond)(web.Handle(errs.API, func(_ http.ResponseWriter, r *http.Request) error {
			if err := wait(r.Context()); !errors.Is(err, context.DeadlineExceeded) {
				t.Errorf("%s: %v", name, err)
			}
			return context.Cause(r.Context())
		}))
		if res := timed(t.Context(), h); res.StatusCode != http.StatusServiceUnavailable {
			t.Errorf("%s: %d", name, res.StatusCode)
		}
	}
}

// A caller that disconnects ends the context, whether something waits already or not; and the end of a request stops
// its timer.
func TestTheContextEndsWithTheRequest(t *testing.T) {
	t.Parallel()
	errs, _ := newErrors()
	for _, waits := range []bool{false, true} {
		ctx, disconnect := context.WithCancel(t.Context())
		var kept context.Context
		h := web.Timeout(time.Hour)(web.Handle(errs.API, func(_ http.ResponseWriter, r *http.Request) error {
			kept = r.Context()
			if waits {
				_ = kept.Done()
			}
			if kept.Err() != nil {
				t.Errorf("ended early: %v", kept.Err())
			}
			disconnect()
			<-kept.Done()
			return nil
		}))
		timed(ctx, h)
		if !errors.Is(kept.Err(), context.Canceled) {
			t.Errorf("waits %v: %v", waits, kept.Err())
		}
	}
	var kept context.Context
	h := web.Timeout(time.Hour)(web.Handle(errs.API, func(w http.ResponseWriter, r *http.Request) error {
		kept = r.Context()
		_ = kept.Done()
		web.Empty(w, http.StatusOK)
		return nil
	}))
	timed(t.Context(), h)
	if kept.Err() == nil {
		t.Error("the timer runs on after the request")
	}
}
