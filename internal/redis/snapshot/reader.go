package snapshot

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"sync"

	"github.com/redis/go-redis/v9"
	"golang.org/x/sync/errgroup"

	"github.com/recipe-web-app/oauth2d/internal/backup"
	"github.com/recipe-web-app/oauth2d/internal/oauth"
	"github.com/recipe-web-app/oauth2d/internal/redis/dataset"
	"github.com/recipe-web-app/oauth2d/internal/redis/probe"
	"github.com/recipe-web-app/oauth2d/internal/redis/rdb"
	"github.com/recipe-web-app/oauth2d/internal/redis/redisconn"
)

// Reader implements backup.Origin. It changes nothing.
type Reader struct {
	db     *redisconn.DB
	prober *probe.Prober
}

// NewReader returns a reader of the database of a connection. It asks nothing yet.
func NewReader(db *redisconn.DB) *Reader { return &Reader{db: db, prober: probe.New(db)} }

// Copy implements backup.Origin. Each shard is read from a replica that is connected to its master, the nearest one, or
// from the master when there is none: so the memory and the time of the fork are spent where no client waits. In strict
// mode every replica has every acknowledged change. All shards are asked at the same time.
func (r *Reader) Copy(ctx context.Context, to backup.Sink) (backup.Source, error) {
	s := backup.Source{Mode: string(r.db.Mode()), DB: r.db.Options().DB}
	shards, err := r.shards(ctx)
	if err != nil {
		return s, err
	}
	if err := r.identify(ctx, &s); err != nil {
		return s, err
	}
	var turn sync.Mutex
	all, ctx := errgroup.WithContext(ctx)
	s.Servers = make([]string, len(shards))
	versions := make([]string, len(shards))
	for i, addrs := range shards {
		all.Go(func() (err error) {
			one := &turns{Sink: to, turn: &turn}
			defer one.release()
			s.Servers[i], versions[i], err = r.copyShard(ctx, addrs, one)
			return err
		})
	}
	if err := all.Wait(); err != nil {
		return s, err
	}
	s.Redis = slices.Min(versions)
	return s, nil
}

// identify reads whose records they are. A cache has no owner.
func (r *Reader) identify(ctx context.Context, s *backup.Source) error {
	prefix := r.db.Options().Prefix
	marker := prefix + "history"
	if cluster, ok := r.db.Driver().(*redis.ClusterClient); ok {
		slots, err := cluster.ClusterSlots(ctx).Result() //nolint:staticcheck // SA1019: CLUSTER SHARDS is not in Redis 6.2
		if err != nil || len(slots) == 0 {
			return fmt.Errorf("ask the cluster for its slots: %w", cmp.Or(err, errNoServer))
		}
		marker = dataset.MarkerIn(marker, slots[0].Start)
	}
	version := ""
	for key, to := range map[string]*string{prefix + "issuer": &s.Issuer, marker: &s.DataSet, prefix + "data_version": &version} {
		value, err := r.db.Driver().Get(ctx, key).Result()
		if err != nil && !errors.Is(err, redis.Nil) {
			return explain(err, "GET", key)
		}
		*to = value
	}
	s.Data = 1 // data without a record is of the first version
	if written, _, ok := strings.Cut(version, " "); ok {
		n, err := strconv.Atoi(written)
		if err != nil {
			return fmt.Errorf("%sdata_version is %q, which is no version", prefix, version)
		}
		s.Data = n
	}
	if s.DataSet != "" {
		s.DataSet = oauth.DigestOf("data set " + s.DataSet).Key()
	}
	return nil
}

// errNoServer is returned when no server could be asked.
var errNoServer = errors.New("no server of Redis answers")

// shards returns the servers of each shard in the order in which they are asked.
func (r *Reader) shards(ctx context.Context) ([][]string, error) {
	loads, err := r.prober.Loads(ctx)
	if err != nil {
		return nil, err
	}
	if cluster, ok := r.db.Driver().(*redis.ClusterClient); ok {
		return clusterShards(ctx, cluster, loads)
	}
	addrs, err := order(loads)
	return [][]string{addrs}, err
}

func clusterShards(ctx context.Context, cluster *redis.ClusterClient, loads []probe.Load) ([][]string, error) {
	slots, err := cluster.ClusterSlots(ctx).Result() //nolint:staticcheck // SA1019: CLUSTER SHARDS is not in Redis 6.2
	if err != nil {
		return nil, explain(err, "CLUSTER SLOTS", "")
	}
	var (
		shards  [][]string
		masters []string
		covered int
	)
	for _, one := range slots {
		covered += one.End - one.Start + 1
		if len(one.Nodes) == 0 || slices.Contains(masters, one.Nodes[0].ID) {
			continue
		}
		masters = append(masters, one.Nodes[0].ID)
		var members []probe.Load
		for _, node := range one.Nodes {
			if i := slices.IndexFunc(loads, func(l probe.Load) bool { return l.Addr == node.Addr }); i >= 0 {
				members = append(members, loads[i])
			}
		}
		addrs, err := order(members)
		if err != nil {
			return nil, err
		}
		shards = append(shards, addrs)
	}
	if covered != hashSlots {
		return nil, fmt.Errorf("the cluster serves %d of its %d hash slots: repair it first (redis-cli --cluster check)", covered, hashSlots)
	}
	return shards, nil
}

// hashSlots is the number of slots of a cluster.
const hashSlots = 16384

// order puts the replicas that are connected first, the nearest one before the others, and the master last.
func order(loads []probe.Load) ([]string, error) {
	var usable []probe.Load
	failed := errNoServer
	for _, l := range loads {
		switch {
		case l.Err != nil:
			failed = l.Err
		case l.Role == "master" || l.LinkUp:
			usable = append(usable, l)
		}
	}
	if len(usable) == 0 {
		return nil, failed
	}
	master := func(l probe.Load) int { return len(strings.TrimPrefix(l.Role, "replica")) }
	slices.SortStableFunc(usable, func(a, b probe.Load) int { return cmp.Or(cmp.Compare(master(a), master(b)), cmp.Compare(a.Lag, b.Lag)) })
	addrs := make([]string, len(usable))
	for i, l := range usable {
		addrs[i] = l.Addr
	}
	return addrs, nil
}

// copyShard reads one shard from the first server that sends a snapshot. After the snapshot began there is no other try.
func (r *Reader) copyShard(ctx context.Context, addrs []string, to backup.Sink) (addr, version string, err error) {
	for _, addr = range addrs {
		var w *wire
		if w, err = r.open(ctx, addr); err != nil {
			continue
		}
		version, err = receive(w, r.db.Options().DB, to)
		w.close()
		if err != nil {
			err = fmt.Errorf("the snapshot of %s stopped: %w", addr, err)
		}
		return addr, version, err
	}
	return "", "", err
}

// open asks a server for a snapshot. It does not appear as a replica: the server sends it no changes.
func (r *Reader) open(ctx context.Context, addr string) (*wire, error) {
	w, err := connect(ctx, r.db.Options(), addr)
	if err != nil {
		return nil, explain(err, "AUTH", addr)
	}
	fail := func(err error, command string) (*wire, error) {
		w.close()
		return nil, explain(err, command, addr)
	}
	for _, words := range [][]string{{"REPLCONF", "rdb-only", "1"}, {"REPLCONF", "capa", "eof"}} {
		if _, err := w.ask(words...); err != nil && !unknown(err) { // Redis before 7 does not know rdb-only
			return fail(err, "REPLCONF")
		}
	}
	w.send("PSYNC", "?", "-1")
	if err := w.out.Flush(); err != nil {
		return fail(err, "PSYNC")
	}
	for {
		line, err := w.line()
		switch {
		case err != nil:
			return fail(err, "PSYNC")
		case strings.HasPrefix(line, "-"):
			return fail(refusal(line[1:]), "PSYNC")
		case strings.HasPrefix(line, "+"): // FULLRESYNC
			return w, nil
		}
	}
}

// unknown reports whether a server does not know a part of REPLCONF.
func unknown(err error) bool {
	r, ok := errors.AsType[refusal](err)
	return ok && r.code() == "ERR"
}

// receive reads the snapshot that a server was asked for. It begins with its length, or with a mark that comes
// again at its end.
func receive(w *wire, db int, to backup.Sink) (version string, err error) {
	line := ""
	for line == "" { // the server forks
		if line, err = w.line(); err != nil {
			return "", err
		}
	}
	size, ok := strings.CutPrefix(line, "$")
	if !ok || size == "" {
		return "", fmt.Errorf("%w: it begins with %q", rdb.ErrStream, line)
	}
	records := rdb.NewStream(w.in)
	if version, err = records.Copy(db, to); err != nil {
		return "", err
	}
	if mark, marked := strings.CutPrefix(size, "EOF:"); marked {
		end, err := records.Next(len(mark))
		if err != nil {
			return "", err
		}
		if string(end) != mark {
			return "", fmt.Errorf("%w: it does not end where it should", rdb.ErrStream)
		}
	}
	return version, nil
}

// turns lets one shard at a time send a record.
type turns struct {
	backup.Sink
	turn *sync.Mutex
	held bool
}

// Begin implements backup.Sink.
func (t *turns) Begin(r backup.Record) (bool, error) {
	t.turn.Lock()
	t.held = true
	wanted, err := t.Sink.Begin(r)
	if err != nil || !wanted {
		t.release()
	}
	return wanted, err
}

// End implements backup.Sink.
func (t *turns) End() error {
	defer t.release()
	return t.Sink.End()
}

func (t *turns) release() {
	if t.held {
		t.held = false
		t.turn.Unlock()
	}
}

// explain adds what to do about the refusal of a server.
func explain(err error, command, addr string) error {
	text := err.Error()
	switch {
	case strings.HasPrefix(text, "NOPERM"):
		return fmt.Errorf("the user of Redis may not run %s at %s (%w): use a user with the rights of `backup` (redis.username)", command, addr, err)
	case strings.HasPrefix(text, "NOAUTH"), strings.HasPrefix(text, "WRONGPASS"):
		return fmt.Errorf("Redis at %s refuses the user or the password (%w): check redis.username and redis.password", addr, err) //nolint:staticcheck // a name
	case command == "PSYNC" && strings.HasPrefix(text, "ERR unknown command"):
		return fmt.Errorf("Redis at %s offers no replication to its clients (%w), as managed services do: use the backups of the service", addr, err) //nolint:staticcheck // a name
	case strings.HasPrefix(text, "NOMASTERLINK"), strings.HasPrefix(text, "LOADING"):
		return fmt.Errorf("Redis at %s is not ready (%w): try again", addr, err) //nolint:staticcheck // a name
	}
	if errors.Is(err, io.ErrUnexpectedEOF) {
		return fmt.Errorf("Redis at %s closed the connection: check its log", addr) //nolint:staticcheck // a name
	}
	return fmt.Errorf("ask Redis at %s for %s: %w", addr, command, err)
}
