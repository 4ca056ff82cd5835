package dataset

import (
	"context"
	"slices"
	"strings"

	"github.com/redis/go-redis/v9"

	"github.com/recipe-web-app/oauth2d/internal/redis/outcome"
	"github.com/recipe-web-app/oauth2d/internal/redis/pipeline"
)

// Markers are the questions for the markers that one pipeline carries. A nil Markers asks nothing.
type Markers struct {
	data  *Dataset
	whole bool // it asks every server
	cmds  []*redis.StringCmd
	asked *pipeline.Request
	one   [1]*redis.StringCmd // room for cmds, outside a cluster
}

// AllMarkers asks for every marker.
func (d *Dataset) AllMarkers(ctx context.Context) *Markers {
	d.mu.Lock()
	keys := d.own
	if d.shards != nil {
		keys = nil
		for _, s := range d.shards {
			keys = append(keys, s.Marker)
		}
	}
	d.mu.Unlock()
	m := d.ask(ctx, keys)
	if m != nil {
		m.whole = true
	}
	return m
}

// MarkersFor asks for the marker of each server that a batch may reach. It returns nil while no data set is known,
// because there is nothing to compare with.
func (d *Dataset) MarkersFor(ctx context.Context, batch []*pipeline.Request) *Markers {
	return d.ask(ctx, d.keysFor(batch))
}

func (d *Dataset) ask(ctx context.Context, keys []string) *Markers {
	if len(keys) == 0 {
		return nil
	}
	m := &Markers{data: d}
	if len(keys) == 1 {
		m.one[0] = redis.NewStringCmd(ctx, "get", keys[0])
		m.cmds, m.asked = m.one[:], pipeline.Own(m.one[0])
		return m
	}
	var cmds []redis.Cmder
	for _, key := range keys {
		cmd := redis.NewStringCmd(ctx, "get", key)
		m.cmds, cmds = append(m.cmds, cmd), append(cmds, cmd)
	}
	m.asked = pipeline.Own(cmds...)
	return m
}

// Queue adds the questions to a pipeline.
func (m *Markers) Queue(ctx context.Context, pipe redis.Pipeliner) {
	if m == nil {
		return
	}
	for _, cmd := range m.asked.Commands() {
		_ = pipe.Process(ctx, cmd) // only queues; it cannot fail
	}
}

// Err returns why no answer of the pipeline may be believed; nil when all markers were there.
func (m *Markers) Err(ctx context.Context) error {
	if m == nil {
		return nil
	}
	m.asked.Settle()
	if m.asked.Err != nil {
		return m.asked.Err
	}
	for _, marker := range m.cmds {
		if m.data.Foreign(marker.Val()) {
			m.data.Compare(ctx, marker.Val())
			return outcome.ErrDataLost
		}
	}
	if m.whole { // some servers alone do not show that the data is back
		m.data.Compare(ctx, m.cmds[0].Val())
	}
	return nil
}

// IsBack reports whether a lost data set is there again. It asks every server for the markers alone: nothing may be
// written to the data that is there instead. Of concurrent callers one asks, at most once an askPeriod; the others get
// false at once, so that a silent server of a cluster does not hold up every batch until its timeout.
func (d *Dataset) IsBack(ctx context.Context, client redis.UniversalClient) bool {
	if !d.beginAsking() {
		return false
	}
	defer d.endAsking()
	markers := d.AllMarkers(ctx)
	pipe := client.Pipeline()
	markers.Queue(ctx, pipe)
	_, _ = pipe.Exec(ctx) // every command is looked at
	return markers.Err(ctx) == nil
}

func (d *Dataset) beginAsking() bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.asking || d.now().Sub(d.asked) < askPeriod {
		return false
	}
	d.asking = true
	return true
}

func (d *Dataset) endAsking() {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.asking, d.asked = false, d.now()
}

func (d *Dataset) keysFor(batch []*pipeline.Request) []string {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.name == "" {
		return nil
	}
	if d.shards == nil {
		return d.own
	}
	var keys []string
	for _, r := range batch {
		for _, cmd := range r.Commands() {
			slot := SlotOf(pipeline.KeyOf(cmd))
			i := slices.IndexFunc(d.shards, func(s Shard) bool { return s.First <= slot && slot <= s.Last })
			if i >= 0 && !slices.Contains(keys, d.shards[i].Marker) {
				keys = append(keys, d.shards[i].Marker)
			}
		}
	}
	return keys
}

// ByServers groups requests by the servers that they need. Without a cluster, all are one group.
func (d *Dataset) ByServers(batch []*pipeline.Request) [][]*pipeline.Request {
	d.mu.Lock()
	one := d.shards == nil
	d.mu.Unlock()
	if one || len(batch) <= 1 {
		return [][]*pipeline.Request{batch}
	}
	at := make(map[string]int)
	var groups [][]*pipeline.Request
	for _, r := range batch {
		keys := d.keysFor([]*pipeline.Request{r})
		slices.Sort(keys)
		name := strings.Join(keys, " ")
		i, known := at[name]
		if !known {
			i = len(groups)
			at[name], groups = i, append(groups, nil)
		}
		groups[i] = append(groups[i], r)
	}
	return groups
}
