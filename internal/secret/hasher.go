package secret

import (
	"context"
	"errors"
	"runtime"
	"runtime/debug"
	"runtime/metrics"
	"sync/atomic"

	"golang.org/x/crypto/argon2"

	"github.com/recipe-web-app/oauth2d/internal/oauth"
)

// MaxPassword is the length in bytes of the longest password that is hashed. A longer one is refused before any work is
// done for it.
const MaxPassword = oauth.MaxPassword

// ErrBusy means that the queue of hashes is full. The password was not checked; the caller should answer that the
// request can be retried.
var ErrBusy = errors.New("too many passwords are being checked")

// ErrTooLong means that a password is longer than MaxPassword.
var ErrTooLong = errors.New("the password is longer than 1024 bytes")

// HasherOptions configure the cost of a hash and how many run at the same time. Zero fields have the defaults named
// here, which are those of the OWASP password storage advice.
type HasherOptions struct {
	Memory   uint32 // KiB; default: 19 MiB
	Time     uint32 // passes; default: 2
	Threads  uint8  // lanes; default: 1
	Parallel int    // hashes that run at the same time; default: the number of processors, within half of Go's memory limit
	Queue    int    // further hashes that may wait; default: 16 for each that runs
}

func (o HasherOptions) withDefaults() HasherOptions {
	if o.Memory == 0 {
		o.Memory = 19 * 1024
	}
	if o.Time == 0 {
		o.Time = 2
	}
	if o.Threads == 0 {
		o.Threads = 1
	}
	if o.Parallel <= 0 {
		// On a machine with many processors, and in a small container, as many hashes as processors would not fit.
		fit := debug.SetMemoryLimit(-1) / 2 / (int64(o.Memory) << 10)
		o.Parallel = int(max(1, min(int64(runtime.GOMAXPROCS(0)), fit)))
	}
	if o.Queue <= 0 {
		o.Queue = 16 * o.Parallel
	}
	return o
}

// Hasher computes and checks argon2id hashes (RFC 9106). It bounds how many run and how many wait, so that a flood of
// sign-ins uses up neither the memory of the machine nor the time of the callers in the queue. It is safe for
// concurrent use.
type Hasher struct {
	cost    cost
	ours    uint64 // bytes: all hashes at a time, and as much again
	slots   chan struct{}
	queue   int64
	waiting atomic.Int64
}

// NewHasher returns a Hasher.
func NewHasher(o HasherOptions) *Hasher {
	o = o.withDefaults()
	return &Hasher{
		cost:  cost{memory: o.Memory, time: o.Time, threads: o.Threads},
		ours:  2 * uint64(o.Memory) * 1024 * uint64(o.Parallel), //nolint:gosec // G115: the number is positive
		slots: make(chan struct{}, o.Parallel),
		queue: int64(o.Queue),
	}
}

// Hash returns the PHC string of a password with a new salt. It returns ErrTooLong, ErrBusy, or the error of a context
// that ended in the queue.
func (h *Hasher) Hash(ctx context.Context, password string) (string, error) {
	if len(password) > MaxPassword {
		return "", ErrTooLong
	}
	salt := Random(saltSize)
	digest, err := h.work(ctx, password, hashed{cost: h.cost, salt: salt, digest: make([]byte, digestSize)})
	if err != nil {
		return "", err
	}
	return hashed{cost: h.cost, salt: salt, digest: digest}.String(), nil
}

// Verify reports whether a password matches a stored hash, at the cost that the hash states. It reads PHC strings, and
// the bcrypt and PBKDF2 hashes of other servers. An error means that the password was not checked: ErrBusy, a context
// that ended in the queue, or ErrHash.
func (h *Hasher) Verify(ctx context.Context, phc, password string) (bool, error) {
	switch {
	case isBcrypt(phc):
		return h.verifyBcrypt(ctx, phc, password)
	case isPBKDF2(phc):
		return h.verifyPBKDF2(ctx, phc, password)
	}
	want, err := parseHash(phc)
	if err != nil {
		return false, err
	}
	if len(password) > MaxPassword {
		return false, nil
	}
	digest, err := h.work(ctx, password, want)
	if err != nil {
		return false, err
	}
	return Equal(digest, want.digest), nil
}

// Current reports whether a stored hash has the scheme and the cost that Hash uses today.
func (h *Hasher) Current(stored string) bool {
	parsed, err := parseHash(stored)
	return err == nil && parsed.cost == h.cost && len(parsed.digest) == digestSize
}

// VerifyNothing does the work of Verify for a user who does not exist, so that the response time does not show whether
// a user exists.
func (h *Hasher) VerifyNothing(ctx context.Context, password string) error {
	if len(password) > MaxPassword {
		return nil
	}
	nothing := hashed{cost: h.cost, salt: make([]byte, saltSize), digest: make([]byte, digestSize)}
	_, err := h.work(ctx, password, nothing)
	return err
}

func (h *Hasher) work(ctx context.Context, password string, like hashed) ([]byte, error) {
	if err := h.enter(ctx); err != nil {
		return nil, err
	}
	defer func() { <-h.slots }()
	size := uint32(len(like.digest)) //nolint:gosec // parseHash bounds it by maxDigest
	digest := argon2.IDKey([]byte(password), like.salt, like.time, like.memory, like.threads, size)
	h.collect()
	return digest, nil
}

// collect frees the memory of a hash before the next one begins. Otherwise the memory of several hashes piles up: the
// runtime lets the heap double, and the memory of a hash is larger than all else that a small server keeps. A large heap
// is left to the runtime: there a collection costs more than a hash, and this memory is a small part.
func (h *Hasher) collect() {
	live := []metrics.Sample{{Name: "/gc/heap/live:bytes"}}
	metrics.Read(live)
	if live[0].Value.Kind() == metrics.KindUint64 && live[0].Value.Uint64() < h.ours {
		runtime.GC()
	}
}

func (h *Hasher) enter(ctx context.Context) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	select {
	case h.slots <- struct{}{}:
		return nil
	default:
	}
	defer h.waiting.Add(-1)
	if h.waiting.Add(1) > h.queue {
		return ErrBusy
	}
	select {
	case h.slots <- struct{}{}:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
