package rotation

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"github.com/recipe-web-app/oauth2d/internal/config"
	"github.com/recipe-web-app/oauth2d/internal/keyring"
	"github.com/recipe-web-app/oauth2d/internal/oauth"
	"github.com/recipe-web-app/oauth2d/internal/secret"
	"github.com/recipe-web-app/oauth2d/internal/store"
)

// NoteInterval is the time between two notes of a daemon; one that is silent for forgetAfter does not run.
const (
	NoteInterval = 5 * time.Second
	forgetAfter  = 4 * NoteInterval
)

// The names of the daemon's own secrets.
const (
	MasterKey        = "master_key"
	RedisPassword    = "redis_password"
	SentinelPassword = "sentinel_password"
)

// Options make a Rotation. All fields are required, except Clients for a daemon.
type Options struct {
	Store   store.Rosters
	Ring    *keyring.Ring
	Clients interface {
		List(ctx context.Context, after oauth.ClientID, limit int) ([]oauth.Client, error)
	}
	Now func() time.Time
}

// Rotation reports the secrets of one process. It is safe for concurrent use.
type Rotation struct {
	o      Options
	id     string // of this daemon
	holds  atomic.Pointer[holding]
	roster atomic.Pointer[store.Roster]
}

// holding is the secrets that a process uses, as fingerprints; it is the entry of a daemon.
type holding struct {
	Host   string            `json:"host"`
	PID    int               `json:"pid"`
	Master []string          `json:"master"`  // the current one first
	Uses   map[string]string `json:"secrets"` // by name
}

// New returns a Rotation for a process with these settings.
func New(o Options, c config.Config) *Rotation {
	r := &Rotation{o: o, id: secret.NewToken(12)}
	r.Use(c)
	return r
}

// Use records that the process uses the secrets of these settings from now on.
func (r *Rotation) Use(c config.Config) {
	h := &holding{PID: os.Getpid(), Uses: map[string]string{}}
	h.Host, _ = os.Hostname()
	if sealer, err := c.Sealer(); err == nil && c.MasterKey != "" {
		h.Master = sealer.Fingerprints()
		h.Uses[MasterKey] = h.Master[0]
	}
	for name, value := range map[string]config.Secret{RedisPassword: c.Redis.Password, SentinelPassword: c.Redis.SentinelPassword} {
		if short := r.o.Ring.Fingerprint(name, value.Reveal()); short != "" {
			h.Uses[name] = short
		}
	}
	r.holds.Store(h)
}

func seenName(name, fingerprint string) string { return name + ":" + fingerprint }

// Note records that this daemon runs, and which secrets it uses. Call it every NoteInterval.
func (r *Rotation) Note(ctx context.Context) error {
	h := r.holds.Load()
	entry, err := json.Marshal(h)
	if err != nil {
		return err
	}
	n := store.Note{Daemon: r.id, Entry: entry, Forget: forgetAfter}
	for name, fingerprint := range h.Uses {
		n.Seen = append(n.Seen, seenName(name, fingerprint))
	}
	if err := r.o.Store.Note(ctx, n, r.o.Now()); err != nil {
		return err
	}
	roster, err := r.o.Store.Roster(ctx)
	if err == nil {
		r.roster.Store(&roster)
	}
	return err
}

// Ages returns how long this process's secrets have been in use, as of the last Note.
func (r *Rotation) Ages() map[string]time.Duration {
	ages := map[string]time.Duration{}
	roster := r.roster.Load()
	if roster == nil {
		return ages
	}
	for name, fingerprint := range r.holds.Load().Uses {
		if since, known := roster.Since[seenName(name, fingerprint)]; known {
			ages[name] = r.o.Now().Sub(since)
		}
	}
	return ages
}

// daemons returns the running daemons of a roster, in the order of their names.
func daemons(roster store.Roster, now time.Time) []holding {
	var all []holding
	for _, entry := range roster.Entries {
		var h holding
		if now.Sub(entry.At) <= forgetAfter && json.Unmarshal(entry.Entry, &h) == nil {
			all = append(all, h)
		}
	}
	slices.SortFunc(all, func(a, b holding) int { return strings.Compare(a.name(), b.name()) })
	return all
}

func (h holding) name() string { return fmt.Sprintf("%s (pid %d)", h.Host, h.PID) }

// Reseal seals every key in Redis under the current master key of this process. It refuses while a running daemon cannot
// open what lies under that key: such a daemon could not start again, nor read a key that is made from then on.
func (r *Rotation) Reseal(ctx context.Context) (keyring.Sealed, error) {
	roster, err := r.o.Store.Roster(ctx)
	if err != nil {
		return keyring.Sealed{}, oauth.Unavailable(err)
	}
	mine := r.holds.Load().Uses[MasterKey]
	for _, d := range daemons(roster, r.o.Now()) {
		if !slices.Contains(d.Master, mine) {
			return keyring.Sealed{}, oauth.Refuse(oauth.InvalidRequest, "the daemon on "+d.name()+" does not have this master key, so nothing was changed; "+
				"add the key to its master_key_previous, and reload it by SIGHUP", nil)
		}
	}
	return r.o.Ring.Reseal(ctx)
}
