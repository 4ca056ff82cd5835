package secret

import (
	"context"
	"errors"
	"math"
	"runtime"
	"runtime/debug"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
)

// light returns options with the lowest cost, for tests in which the cost does not matter.
func light() HasherOptions { return HasherOptions{Memory: 64, Time: 1, Parallel: 2} }

func TestHashIsTheOneOfThePassword(t *testing.T) {
	t.Parallel()
	h := NewHasher(light())
	phc, err := h.Hash(t.Context(), "correct horse")
	if err != nil {
		t.Fatal(err)
	}
	if !strings.HasPrefix(phc, "$argon2id$v=19$m=64,t=1,p=1$") {
		t.Errorf("not the PHC form: %s", phc)
	}
	if again, _ := h.Hash(t.Context(), "correct horse"); again == phc {
		t.Error("two hashes of one password are the same")
	}
	for password, want := range map[string]bool{"correct horse": true, "correct horsE": false, "": false} {
		if ok, err := h.Verify(t.Context(), phc, password); ok != want || err != nil {
			t.Errorf("%q: %t, %v", password, ok, err)
		}
	}
	if err := h.VerifyNothing(t.Context(), "correct horse"); err != nil {
		t.Errorf("VerifyNothing: %v", err)
	}
}

func TestDefaultCost(t *testing.T) {
	t.Parallel()
	phc, err := NewHasher(HasherOptions{}).Hash(t.Context(), "password")
	if err != nil || !strings.HasPrefix(phc, "$argon2id$v=19$m=19456,t=2,p=1$") {
		t.Errorf("%s, %v", phc, err)
	}
}

// The vector of the reference implementation (phc-winner-argon2, test.c): an imported hash is checked at its own cost.
func TestVerifyReadsTheCostFromTheHash(t *testing.T) {
	t.Parallel()
	const phc = "$argon2id$v=19$m=65536,t=2,p=1$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc"
	if ok, err := NewHasher(light()).Verify(t.Context(), phc, "password"); !ok || err != nil {
		t.Errorf("%t, %v", ok, err)
	}
}

func TestVerifyRefusesOtherHashes(t *testing.T) {
	t.Parallel()
	h := NewHasher(light())
	const salt, digest = "c29tZXNhbHQ", "CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc"
	form := func(cost string) string { return "$argon2id$v=19$" + cost + "$" + salt + "$" + digest }
	for _, phc := range []string{
		"", "secret", "$2b$12$abcdefghijklmnopqrstuv",
		form("m=262145,t=1,p=1"),     // more than 256 MiB
		form("m=64,t=11,p=1"),        // more than 10 passes
		form("m=1024,t=1,p=17"),      // too many lanes
		form("m=4294967296,t=1,p=1"), // more than a number holds
		form("m=64,t=0,p=1"), form("m=64,t=1,p=0"), form("m=0,t=1,p=1"),
		form("m=064,t=1,p=1"), form("m=64,t=1,p=1 "), form("m=64,t=1,p=1,x=1"),
		"$argon2i$v=19$m=64,t=1,p=1$" + salt + "$" + digest,
		"$argon2id$v=16$m=64,t=1,p=1$" + salt + "$" + digest,
		"$argon2id$v=19$m=64,t=1,p=1$" + salt + "$",
		"$argon2id$v=19$m=64,t=1,p=1$$" + digest,
		form("m=64,t=1,p=1") + "$more",
		form("m=64,t=1,p=1") + strings.Repeat("A", 300),
	} {
		if ok, err := h.Verify(t.Context(), phc, "password"); ok || !errors.Is(err, ErrHash) {
			t.Errorf("%q: %t, %v", phc, ok, err)
		}
	}
}

// A long password is refused before it costs anything: all slots are taken, and the caller does not wait.
func TestLongPasswordCostsNothing(t *testing.T) {
	t.Parallel()
	h := NewHasher(light())
	phc, err := h.Hash(t.Context(), strings.Repeat("x", MaxPassword))
	if err != nil {
		t.Fatalf("the longest password: %v", err)
	}
	occupy(h)
	long := strings.Repeat("x", MaxPassword+1)
	if _, err := h.Hash(t.Context(), long); !errors.Is(err, ErrTooLong) {
		t.Errorf("Hash: %v", err)
	}
	if ok, err := h.Verify(t.Context(), phc, long); ok || err != nil {
		t.Errorf("Verify: %t, %v", ok, err)
	}
	if err := h.VerifyNothing(t.Context(), long); err != nil {
		t.Errorf("VerifyNothing: %v", err)
	}
}

func occupy(h *Hasher) {
	for range cap(h.slots) {
		h.slots <- struct{}{}
	}
}

func TestQueueIsBoundedAndContextsAreHonoured(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		o := light()
		o.Queue = 3
		h := NewHasher(o)
		occupy(h)
		ctx, cancel := context.WithCancel(t.Context())
		var waiting sync.WaitGroup
		errs := make(chan error, o.Queue)
		for range o.Queue {
			waiting.Go(func() { errs <- h.VerifyNothing(ctx, "password") })
		}
		synctest.Wait()
		if err := h.VerifyNothing(ctx, "password"); !errors.Is(err, ErrBusy) {
			t.Errorf("beyond the queue: %v", err)
		}
		cancel()
		for range o.Queue {
			if err := <-errs; !errors.Is(err, context.Canceled) {
				t.Errorf("in the queue when the context ended: %v", err)
			}
		}
		waiting.Wait()
		for range cap(h.slots) {
			<-h.slots
		}
		if err := h.VerifyNothing(t.Context(), "password"); err != nil {
			t.Errorf("after the flood: %v", err)
		}
	})
}

func TestEndedContextCostsNothing(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := NewHasher(light()).Hash(ctx, "password"); !errors.Is(err, context.Canceled) {
		t.Errorf("%v", err)
	}
}

func FuzzParseHash(f *testing.F) {
	f.Add("$argon2id$v=19$m=19456,t=2,p=1$c29tZXNhbHRzb21lc2FsdA$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc")
	f.Add("$argon2id$v=19$m=4294967295,t=1,p=255$$")
	f.Fuzz(func(t *testing.T, phc string) {
		h, err := parseHash(phc)
		if err == nil && (!h.bounded() || h.String() != phc) {
			t.Errorf("%q was read as %v", phc, h)
		}
	})
}

func BenchmarkHash(b *testing.B) {
	h := NewHasher(HasherOptions{})
	for b.Loop() {
		if err := h.VerifyNothing(b.Context(), "password"); err != nil {
			b.Fatal(err)
		}
	}
}

// Hashes fit into half of the memory limit, however many processors there are; one always runs.
func TestHashesFitIntoTheMemoryLimit(t *testing.T) { //nolint:paralleltest // the limit is one for the process
	before := debug.SetMemoryLimit(-1)
	defer debug.SetMemoryLimit(before)
	for limit, want := range map[int64]int{
		48 << 20:      1,
		8 << 20:       1,
		100 << 20:     min(2, runtime.GOMAXPROCS(0)),
		math.MaxInt64: runtime.GOMAXPROCS(0),
	} {
		debug.SetMemoryLimit(limit)
		if got := (HasherOptions{}).withDefaults().Parallel; got != want {
			t.Errorf("with %d MiB: %d hashes at the same time, want %d", limit>>20, got, want)
		}
	}
}
