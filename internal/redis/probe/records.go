package probe

import (
	"cmp"
	"context"
	"errors"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/recipe-web-app/oauth2d/internal/redis/outcome"
)

// Kind counts the records of one kind: the keys whose names begin with the same words.
type Kind struct {
	Name     string
	Count    int64         // that were read
	Expiring int64         // that have a time to live
	Soonest  time.Duration // the shortest of these times
	Latest   time.Duration // the longest of them
	Hidden   bool          // the user may see the names of these keys only
	Sampled  int64         // whose memory was measured
	Bytes    int64         // of the sampled ones
}

// Records counts the records of one database.
type Records struct {
	Kinds []Kind // the most frequent one first
	Keys  int64  // that the database has
	Read  int64  // that were read; fewer than Keys when the limit was reached
	All   bool   // the whole database was read, so the counts are exact
}

// countRights are the commands that a count needs.
const countRights = "scan +dbsize"

// Limits of one look at a database.
const (
	scanStep   = 500  // keys of one SCAN: well below a millisecond of the server's time
	sampleSize = 20   // keys of a kind whose memory is measured
	maxKinds   = 1000 // further kinds are counted together
	otherKinds = "(other)"
)

// Records counts the records of the connection's database, and reads at most limit keys, or all if limit is 0. It uses SCAN,
// which returns keys in the order of their hashes, so a part of them is a fair sample of all. Every step asks for few
// keys and the steps wait for one another: other callers are not held up. A key that is written meanwhile may be
// counted or not.
func (p *Prober) Records(ctx context.Context, limit int64) (Records, error) {
	count := &counting{kinds: map[string]*Kind{}, limit: limit, all: true}
	err := p.eachMaster(ctx, count.node)
	r := Records{Keys: count.keys, Read: count.read, All: count.all}
	for _, name := range slices.Sorted(maps.Keys(count.kinds)) {
		r.Kinds = append(r.Kinds, *count.kinds[name])
	}
	slices.SortStableFunc(r.Kinds, func(a, b Kind) int { return cmp.Compare(b.Count, a.Count) })
	return r, err
}

// eachMaster calls ask for every master. The connections load no scripts, which would be a further right to need.
func (p *Prober) eachMaster(ctx context.Context, ask func(context.Context, *redis.Client) error) error {
	if cluster := p.cluster(); cluster != nil {
		return cluster.ForEachMaster(ctx, func(ctx context.Context, node *redis.Client) error {
			if err := ask(ctx, node); err != nil {
				return p.explainServer(ctx, err, node.Options().Addr, countRights)
			}
			return nil
		})
	}
	addrs, err := p.members(ctx)
	if err != nil || len(addrs) == 0 {
		return err
	}
	client := p.dial.Client(addrs[0], nil)
	defer func() { _ = client.Close() }()
	if err := ask(ctx, client); err != nil {
		return p.explainServer(ctx, err, addrs[0], countRights)
	}
	return nil
}

// counting is the state of one count. The masters of a cluster are asked at the same time.
type counting struct {
	mu         sync.Mutex
	kinds      map[string]*Kind
	limit      int64
	keys, read int64
	all        bool
}

// node counts the records of one server.
func (c *counting) node(ctx context.Context, server *redis.Client) error {
	size, err := server.DBSize(ctx).Result()
	if err != nil {
		return err
	}
	c.mu.Lock()
	c.keys += size
	c.mu.Unlock()
	for cursor := uint64(0); ; {
		names, next, err := server.Scan(ctx, cursor, "", scanStep).Result()
		if err != nil {
			return err
		}
		if err := c.step(ctx, server, names); err != nil {
			return err
		}
		if cursor = next; cursor == 0 {
			return nil
		}
		if c.reached() {
			return nil
		}
	}
}

// reached reports whether no further keys are to be read, although there are some.
func (c *counting) reached() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.limit == 0 || c.read < c.limit {
		return false
	}
	c.all = false
	return true
}

// question holds the commands about one key.
type question struct {
	kind   *Kind
	ttl    *redis.DurationCmd // nil: the user may not ask
	memory *redis.IntCmd      // nil: the sample is complete
}

// step counts some keys.
func (c *counting) step(ctx context.Context, server *redis.Client, names []string) error {
	pipe := server.Pipeline()
	asked := make([]question, len(names))
	c.mu.Lock()
	for i, name := range names {
		k := c.kind(kindOf(name))
		asked[i].kind = k
		k.Count++
		if k.Hidden {
			continue
		}
		asked[i].ttl = pipe.PTTL(ctx, name)
		if k.Count <= sampleSize {
			asked[i].memory = pipe.MemoryUsage(ctx, name)
		}
	}
	c.read += int64(len(names))
	c.mu.Unlock()
	_, err := pipe.Exec(ctx) // the first error; each command has its own
	if _, answered := errors.AsType[redis.Error](err); err != nil && !answered {
		return err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, q := range asked {
		q.note()
	}
	return nil
}

// note takes the answers over. A key that is gone by now keeps its place in the count.
func (q question) note() {
	if q.ttl == nil {
		return
	}
	ttl, err := q.ttl.Result()
	if outcome.Of(err) == outcome.NoPerm {
		q.kind.Hidden = true
		return
	}
	if err == nil && ttl > 0 {
		if q.kind.Expiring == 0 || ttl < q.kind.Soonest {
			q.kind.Soonest = ttl
		}
		q.kind.Expiring++
		q.kind.Latest = max(q.kind.Latest, ttl)
	}
	if q.memory != nil && q.memory.Err() == nil {
		q.kind.Sampled++
		q.kind.Bytes += q.memory.Val()
	}
}

func (c *counting) kind(name string) *Kind {
	if c.kinds[name] == nil && len(c.kinds) >= maxKinds {
		name = otherKinds
	}
	if c.kinds[name] == nil {
		c.kinds[name] = &Kind{Name: name}
	}
	return c.kinds[name]
}

// kindOf returns the words with which the names of all keys of a kind begin: auth:grant, auth:revoked:token,
// cache:<service>:<type>. The braces of a cluster's tags are left out.
func kindOf(name string) string {
	words := strings.Split(strings.NewReplacer("{", "", "}", "").Replace(name), ":")
	if words[0] != "auth" && words[0] != "cache" {
		return otherKinds
	}
	count := 2
	if len(words) > 3 && (words[0] == "cache" || words[1] == "revoked") {
		count = 3
	}
	return strings.Join(words[:min(count, len(words))], ":")
}
