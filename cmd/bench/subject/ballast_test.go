package subject

import (
	"context"
	"testing"

	"github.com/redis/go-redis/v9"
)

// The ballast equals the records of a daemon: the same type, encoding, size and lifetime, and keys of the same length.
func TestBallastEqualsTheDaemonsRecords(t *testing.T) {
	t.Parallel()
	lab, err := NewLab()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(lab.Close)
	ctx := t.Context()
	store, err := lab.Redis(ctx, "redis")
	if err != nil {
		t.Fatal(err)
	}
	r := lab.client(store.Addr)
	t.Cleanup(func() { _ = r.Close() })
	const token, grant, index = "auth:access_token:abcdefghijklmnopqrstuvwxyz", "auth:grant:abcdefghijklmnopqrstuvwxyz", "auth:user_grants:94c6f6bc-6cc8-4844-afe9-6cba67b93947"
	for _, err := range []error{
		r.HSet(ctx, token, "client", "web1", "grant", "abcdefghijklmnopqrstuvwxyz", "iat", 1795963702867).Err(),
		r.HSet(ctx, grant, "client", "web1", "user", "94c6f6bc-6cc8-4844-afe9-6cba67b93947", "serial", 1).Err(),
		r.ZAdd(ctx, index, redis.Z{Member: "WUzSMH5XvrJ0mx1yf206ZlhHq4bbbbbbbbb"}).Err(),
		r.PExpire(ctx, token, ballastLife).Err(), r.PExpire(ctx, grant, ballastLife).Err(),
	} {
		if err != nil {
			t.Fatal(err)
		}
	}
	b, err := lab.NewBallast(ctx, store)
	if err != nil {
		t.Fatal(err)
	}
	if err := b.Grow(ctx, 3*batch); err != nil {
		t.Fatal(err)
	}
	if n := r.DBSize(ctx).Val(); n != 3+3*batch*2+3*batch/grantsOfUser {
		t.Errorf("%d keys", n)
	}
	for original, copied := range map[string]string{token: "auth:access_token:abcdefghijklmnopq000000007", grant: "auth:grant:abcdefghijklmnopq000000007"} {
		if len(original) != len(copied) {
			t.Fatal("the lengths of the keys differ")
		}
		if want, got := describe(ctx, r, original), describe(ctx, r, copied); want != got {
			t.Errorf("%s: %v, want %v", copied, got, want)
		}
	}
	if got := r.ZCard(ctx, index[:len(index)-numberLength]+"000000001").Val(); got != grantsOfUser {
		t.Errorf("the index of a user has %d entries", got)
	}
}

// shape describes a record and its cost.
type shape struct {
	dump, encoding string
	memory         int64
	expires        bool
}

func describe(ctx context.Context, r *redis.Client, key string) shape {
	return shape{r.Dump(ctx, key).Val(), r.ObjectEncoding(ctx, key).Val(), r.MemoryUsage(ctx, key).Val(), r.PTTL(ctx, key).Val() > 0}
}
