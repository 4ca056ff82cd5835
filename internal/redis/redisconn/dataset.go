package redisconn

import (
	"context"
	"crypto/rand"
	_ "embed"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"sync"

	"github.com/redis/go-redis/v9"
)

// dataset is the identity of the data that this daemon works on. Every pipeline asks for the marker
// in front of its own commands, so that no answer of an emptied server is ever believed. It is safe
// for concurrent use.
type dataset struct {
	log *slog.Logger
	key string // holds the name of the data set: random, written once, never changed while the data lives

	mu     sync.Mutex
	name   string // "" until it is known; then nothing is compared
	lost   bool   // the last marker that was seen is missing or another
	shards []shard
}

// shard is a range of hash slots of a cluster and the key that marks the server that holds them.
type shard struct {
	first, last int
	marker      string
}

// learn takes the name of the data set over.
func (d *dataset) learn(name string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.name, d.lost = name, false
}

// known returns the name; "" while there is none.
func (d *dataset) known() string {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.name
}

// isLost reports whether the data set is gone or was replaced.
func (d *dataset) isLost() bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.lost
}

// foreign reports whether a marker is not the one of the known data set.
func (d *dataset) foreign(found string) bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.name != "" && d.name != found
}

// compare records a marker that was found, and reports whether it is the known one. A change is
// logged once. When the data comes back, so does the service.
func (d *dataset) compare(ctx context.Context, found string) bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	same := d.name == "" || d.name == found
	if same == d.lost {
		d.lost = !same
		if same {
			d.log.WarnContext(ctx, "the data set is back", "data_set", found)
		} else {
			d.log.ErrorContext(ctx, "acknowledged data is gone", "error", errHistory.Error())
		}
	}
	return same
}

// proof are the markers that one pipeline asks for.
type proof struct {
	data    *dataset
	whole   bool // it asks every server
	markers []*redis.StringCmd
	asked   *request
}

// proofOfAll asks for every marker.
func (d *dataset) proofOfAll(ctx context.Context) *proof {
	d.mu.Lock()
	keys := []string{d.key}
	if d.shards != nil {
		keys = nil
		for _, s := range d.shards {
			keys = append(keys, s.marker)
		}
	}
	d.mu.Unlock()
	p := d.proof(ctx, keys)
	if p != nil {
		p.whole = true
	}
	return p
}

// proofOf makes the questions for a batch: one for each server that it may reach. nil when no data
// set is known, so that there is nothing to prove.
func (d *dataset) proofOf(ctx context.Context, batch []*request) *proof {
	return d.proof(ctx, d.markersOf(batch))
}

func (d *dataset) proof(ctx context.Context, keys []string) *proof {
	if len(keys) == 0 {
		return nil
	}
	p := &proof{data: d}
	cmds := make([]redis.Cmder, len(keys))
	for i, key := range keys {
		p.markers = append(p.markers, redis.NewStringCmd(ctx, "get", key))
		cmds[i] = p.markers[i]
	}
	p.asked = asked(cmds...)
	return p
}

// cmds are the commands to put in front of a pipeline.
func (p *proof) cmds() []redis.Cmder {
	if p == nil {
		return nil
	}
	return p.asked.cmds
}

// err is why nothing of the pipeline may be believed; nil when all markers were there.
func (p *proof) err(ctx context.Context) error {
	if p == nil {
		return nil
	}
	p.asked.settle()
	if p.asked.err != nil {
		return p.asked.err
	}
	for _, marker := range p.markers {
		if p.data.foreign(marker.Val()) {
			p.data.compare(ctx, marker.Val())
			return errHistory
		}
	}
	if p.whole { // some servers alone do not show that the data is back
		p.data.compare(ctx, p.markers[0].Val())
	}
	return nil
}

func (d *dataset) markersOf(batch []*request) []string {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.name == "" {
		return nil
	}
	if d.shards == nil {
		return []string{d.key}
	}
	var keys []string
	for _, r := range batch {
		for _, cmd := range r.cmds {
			slot := slotOf(keyOf(cmd))
			i := slices.IndexFunc(d.shards, func(s shard) bool { return s.first <= slot && slot <= s.last })
			if i >= 0 && !slices.Contains(keys, d.shards[i].marker) {
				keys = append(keys, d.shards[i].marker)
			}
		}
	}
	return keys
}

// byServers groups requests by the servers that they need. Without a cluster, all are one group.
func (d *dataset) byServers(batch []*request) [][]*request {
	d.mu.Lock()
	one := d.shards == nil
	d.mu.Unlock()
	if one || len(batch) <= 1 {
		return [][]*request{batch}
	}
	at := make(map[string]int)
	var groups [][]*request
	for _, r := range batch {
		markers := d.markersOf([]*request{r})
		slices.Sort(markers)
		name := strings.Join(markers, " ")
		i, known := at[name]
		if !known {
			i = len(groups)
			at[name], groups = i, append(groups, nil)
		}
		groups[i] = append(groups[i], r)
	}
	return groups
}

// Owner says whose data a Redis may hold.
type Owner struct {
	Name     string // the issuer; "" takes whatever is there
	Previous string // an earlier name whose data is taken over; "" is none
}

// ErrOwner is answered by Claim for a Redis that holds the data of another issuer.
var ErrOwner = errors.New("the data of another issuer")

// claims are the scripts by which a daemon makes data its own.
type claims struct{ owner, name, beat *Script }

//go:embed lua/claim_owner.lua
var claimOwner string

//go:embed lua/claim_name.lua
var claimName string

//go:embed lua/beat.lua
var beat string

func newClaims() claims {
	return claims{owner: NewScript(claimOwner), name: NewScript(claimName), beat: NewScript(beat)}
}

// Claim makes the data in Redis that of an issuer and learns the name of the data set, from then on
// compared with every answer. It returns the issuer whose data it is, and ErrOwner when that is
// another one. Calling it at the start is how an operator accepts that earlier data is gone: an empty
// Redis gets a new name. Of several daemons that start at once, all get the same name.
func (db *DB) Claim(ctx context.Context, o Owner) (string, error) {
	if db.opt.Mode == Embedded {
		return o.Name, nil
	}
	found, err := db.claim(ctx, db.claims.owner, db.keys.owner, o.Name, o.Previous)
	if err != nil {
		return "", err
	}
	if o.Name != "" && found != o.Name {
		return found, fmt.Errorf("redis: %s holds %w, %s: give this server a Redis, or a redis.db, of its own; when %s "+
			"is the earlier name of this server, set issuer_previous to it", strings.Join(db.opt.Addrs, ","), ErrOwner, found, found)
	}
	if db.durable != nil { // which names the data set when it begins to serve
		return found, nil
	}
	name, err := db.claim(ctx, db.claims.name, db.keys.history, rand.Text(), "")
	if err != nil {
		return "", err
	}
	if db.cluster != nil {
		if err := db.markShards(ctx, name, true); err != nil {
			return "", err
		}
	}
	db.data.learn(name)
	return found, nil
}

// Owner returns the issuer whose data Redis holds, and changes nothing; "" while it is nobody's.
func (db *DB) Owner(ctx context.Context) (string, error) {
	owner := redis.NewStringCmd(ctx, "get", db.keys.owner)
	if err := db.Read(ctx, "owner", owner); err != nil {
		return "", err
	}
	return owner.Val(), nil
}

func (db *DB) claim(ctx context.Context, script *Script, key string, args ...any) (string, error) {
	answer, err := db.Write(ctx, "claim", script, []string{key}, args...)
	text, _ := answer.(string)
	return text, err
}

// FollowShards marks the ranges of slots that are new since the start.
func (db *DB) FollowShards(ctx context.Context) {
	name := db.data.known()
	if db.cluster == nil || name == "" || db.data.isLost() {
		return
	}
	_ = db.markShards(ctx, name, false) // the next look tries again
}

// markShards makes sure that every server of a cluster bears the name: each may lose its data alone.
// A range of slots that is new because slots were moved gets its marker, too.
func (db *DB) markShards(ctx context.Context, name string, starting bool) error {
	found, err := db.cluster.ClusterSlots(ctx).Result() //nolint:staticcheck // SA1019: CLUSTER SHARDS is not in Redis 6.2
	if err != nil {
		return &Error{Verb: "claim", Result: ResultOf(err), cause: err}
	}
	overwrite := ""
	if starting {
		overwrite = "1"
	}
	db.data.mu.Lock()
	before := db.data.shards
	db.data.mu.Unlock()
	var shards []shard
	for _, one := range found {
		s := shard{first: one.Start, last: one.End}
		if i := slices.IndexFunc(before, func(b shard) bool { return b.first == s.first }); i >= 0 {
			s.marker = before[i].marker
		} else {
			s.marker = markerIn(db.keys.history, s.first)
			if _, err := db.claim(ctx, db.claims.name, s.marker, name, overwrite); err != nil {
				return err
			}
		}
		shards = append(shards, s)
	}
	db.data.mu.Lock()
	defer db.data.mu.Unlock()
	db.data.shards = shards
	return nil
}
