package dataset

import (
	"context"
	"log/slog"
	"slices"
	"sync"
	"time"

	"github.com/recipe-web-app/oauth2d/internal/redis/outcome"
)

// askPeriod is the least time between two questions whether lost data is back.
const askPeriod = 50 * time.Millisecond

// Dataset is the data that is known, and whether it is there. It is safe for concurrent use.
type Dataset struct {
	log *slog.Logger
	now func() time.Time
	key string   // holds the name of the data set: random, written once, never changed while the data lives
	own []string // key alone

	mu     sync.Mutex
	name   string // "" until it is known; then nothing is compared
	lost   bool   // the last marker that was seen is missing or another
	asking bool   // somebody asks whether it is back
	asked  time.Time
	shards []Shard
}

// Shard is a range of hash slots of a cluster and the key that marks the server that holds them.
type Shard struct {
	First, Last int
	Marker      string
}

// New returns a data set that is not known yet. key holds its name.
func New(key string, log *slog.Logger, now func() time.Time) *Dataset {
	return &Dataset{key: key, own: []string{key}, log: log, now: now}
}

// Key returns the key that holds the name of the data set.
func (d *Dataset) Key() string { return d.key }

// Learn takes the name of the data set over.
func (d *Dataset) Learn(name string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.name, d.lost = name, false
}

// Known returns the name; "" while there is none.
func (d *Dataset) Known() string {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.name
}

// Lost reports whether the data set is gone or was replaced.
func (d *Dataset) Lost() bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.lost
}

// Foreign reports whether a marker is not the one of the known data set.
func (d *Dataset) Foreign(found string) bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.name != "" && d.name != found
}

// Compare records a marker that was found, and reports whether it is the known one. A change is
// logged once. When the data comes back, so does the service.
func (d *Dataset) Compare(ctx context.Context, found string) bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	same := d.name == "" || d.name == found
	if same == d.lost {
		d.lost = !same
		if same {
			d.log.WarnContext(ctx, "the data set is back", "data_set", found)
		} else {
			d.log.ErrorContext(ctx, "acknowledged data is gone", "error", outcome.ErrDataLost.Error())
		}
	}
	return same
}

// ShardAt returns the known shard that begins at a slot.
func (d *Dataset) ShardAt(slot int) (Shard, bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	i := slices.IndexFunc(d.shards, func(s Shard) bool { return s.First == slot })
	if i < 0 {
		return Shard{}, false
	}
	return d.shards[i], true
}

// SetShards replaces the shards of the cluster; each has its marker already.
func (d *Dataset) SetShards(shards []Shard) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.shards = shards
}
