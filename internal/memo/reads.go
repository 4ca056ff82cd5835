package memo

import (
	"context"
	"time"

	"golang.org/x/sync/singleflight"
)

// readTimeout bounds one read that several callers wait for.
const readTimeout = 5 * time.Second

// Reads lets concurrent callers with one key share one read. The zero Reads is ready. It is safe for concurrent use.
type Reads[T any] struct{ calls singleflight.Group }

// Do returns what read returns, or the error of ctx when that ends first. The read is detached from the context of
// the caller that starts it: the others still wait for it when that caller disconnects.
func (r *Reads[T]) Do(ctx context.Context, key string, read func(context.Context) (T, error)) (T, error) {
	answer := r.calls.DoChan(key, func() (any, error) {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), readTimeout)
		defer cancel()
		return read(ctx)
	})
	var none T
	select {
	case got := <-answer:
		if got.Err != nil {
			return none, got.Err
		}
		value, _ := got.Val.(T)
		return value, nil
	case <-ctx.Done():
		return none, ctx.Err()
	}
}
