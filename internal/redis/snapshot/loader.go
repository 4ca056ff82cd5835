package snapshot

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/redis/go-redis/v9"

	"github.com/recipe-web-app/oauth2d/internal/backup"
	"github.com/recipe-web-app/oauth2d/internal/redis/dataset"
	"github.com/recipe-web-app/oauth2d/internal/redis/rdb"
)

// The bounds of what is under way to one server.
const (
	window      = 512     // commands without an answer yet
	windowBytes = 4 << 20 // of their values
)

// replicaTimeout is the time that replicas may take for the restored records. It is less than idleTimeout.
const replicaTimeout = 30_000 // ms

// loader implements backup.Loader: one connection to each master, by which commands leave without waiting for each answer.
type loader struct {
	masters []*channel
	slots   []uint8 // which master has a slot; nil outside a cluster
}

// channel is the connection to one master.
type channel struct {
	*wire

	waiting int // commands without an answer yet
	bytes   int // of their values
}

// Load implements backup.Target.
func (t *Target) Load(ctx context.Context) (backup.Loader, error) {
	l := &loader{}
	addrs, slots, err := t.masters(ctx)
	if err != nil {
		return nil, err
	}
	l.slots = slots
	for _, addr := range addrs {
		w, err := connect(ctx, t.db.Options(), addr)
		if err != nil {
			l.Close()
			return nil, explainRestore(err, "AUTH", addr)
		}
		l.masters = append(l.masters, &channel{wire: w})
	}
	return l, nil
}

// masters returns the addresses of the masters, and which of them has each slot.
func (t *Target) masters(ctx context.Context) ([]string, []uint8, error) {
	cluster, ok := t.db.Driver().(*redis.ClusterClient)
	if !ok {
		addr, err := t.prober.Master(ctx)
		return []string{addr}, nil, err
	}
	ranges, err := cluster.ClusterSlots(ctx).Result() //nolint:staticcheck // SA1019: CLUSTER SHARDS is not in Redis 6.2
	if err != nil {
		return nil, nil, explainRestore(err, "CLUSTER SLOTS", "")
	}
	var addrs []string
	places := make(map[string]uint8)
	slots := make([]uint8, hashSlots)
	for _, one := range ranges {
		if len(one.Nodes) == 0 {
			continue
		}
		addr := one.Nodes[0].Addr
		place, known := places[addr]
		if !known {
			place = uint8(len(addrs)) //nolint:gosec // masters
			places[addr], addrs = place, append(addrs, addr)
		}
		for slot := one.Start; slot <= one.End; slot++ {
			slots[slot] = place
		}
	}
	return addrs, slots, nil
}

// of returns the connection to the master of a key.
func (l *loader) of(key []byte) *channel {
	if l.slots == nil {
		return l.masters[0]
	}
	return l.masters[l.slots[dataset.SlotOf(string(key))]]
}

// Put implements backup.Loader.
func (l *loader) Put(r backup.Record, value []byte) error {
	c := l.of(r.Key)
	c.restore(r, int64(len(value)))
	_, _ = c.out.Write(value) // sent reports errors
	sum := rdb.NewChecksum()
	sum.Add(value)
	c.trailer(sum, r.Version)
	return c.sent(len(value))
}

// PutStream implements backup.Loader. The value leaves while it is read.
func (l *loader) PutStream(r backup.Record, size int64, chunks func(use func([]byte) error) error) error {
	c := l.of(r.Key)
	c.restore(r, size)
	sum, left := rdb.NewChecksum(), size
	err := chunks(func(chunk []byte) error {
		sum.Add(chunk)
		left -= int64(len(chunk))
		_, err := c.out.Write(chunk)
		return err
	})
	if err == nil && left != 0 {
		err = errors.New("the archive changed while it was restored")
	}
	if err != nil {
		return err
	}
	c.trailer(sum, r.Version)
	return c.sent(windowBytes) // wait for the answer
}

// restore begins the command RESTORE up to its value.
func (c *channel) restore(r backup.Record, size int64) {
	c.header(6)
	c.word([]byte("RESTORE"))
	c.word(r.Key)
	c.word(strconv.AppendInt(nil, r.Expires, 10))
	c.size(size + trailerSize)
}

// trailerSize is the length of what follows a value in the form of DUMP.
const trailerSize = 10

// trailer ends the value and the command.
func (c *channel) trailer(sum rdb.Checksum, version byte) {
	end := trailerOf(sum, version)
	_, _ = c.out.Write(end[:]) // sent reports errors
	_, _ = c.out.WriteString("\r\n")
	c.word([]byte("REPLACE"))
	c.word([]byte("ABSTTL"))
}

// trailerOf returns the version of the form, and the checksum of value and version.
func trailerOf(sum rdb.Checksum, version byte) (end [trailerSize]byte) {
	end[0] = version
	sum.Add(end[:2])
	binary.LittleEndian.PutUint64(end[2:], sum.Sum())
	return end
}

// Remove implements backup.Loader.
func (l *loader) Remove(key []byte) error {
	c := l.of(key)
	c.header(2)
	c.word([]byte("UNLINK"))
	c.word(key)
	return c.sent(len(key))
}

// Increment implements backup.Loader.
func (l *loader) Increment(key []byte) error {
	c := l.of(key)
	c.header(2)
	c.word([]byte("INCR"))
	c.word(key)
	return c.sent(len(key))
}

// sent counts a command, and reads answers when too much is under way.
func (c *channel) sent(bytes int) error {
	c.waiting++
	c.bytes += bytes
	if c.waiting < window && c.bytes < windowBytes {
		return nil
	}
	return c.settle()
}

// settle reads the answers of all commands.
func (c *channel) settle() error {
	if err := c.out.Flush(); err != nil {
		return explainRestore(err, "RESTORE", c.addr)
	}
	for ; c.waiting > 0; c.waiting-- {
		if _, err := c.answer(); err != nil {
			return explainRestore(err, "RESTORE", c.addr)
		}
	}
	c.bytes = 0
	return nil
}

// Finish implements backup.Loader.
func (l *loader) Finish(context.Context) error {
	for _, c := range l.masters {
		if err := c.settle(); err != nil {
			return err
		}
		text, err := c.ask("INFO", "replication")
		if err != nil {
			return explainRestore(err, "INFO", c.addr)
		}
		replicas := strings.Count(text, "state=online")
		if replicas == 0 {
			continue
		}
		have, err := c.ask("WAIT", strconv.Itoa(replicas), strconv.Itoa(replicaTimeout))
		if err != nil {
			return explainRestore(err, "WAIT", c.addr)
		}
		if n, err := strconv.Atoi(have); err != nil || n < replicas {
			return fmt.Errorf("%s of %d replicas of %s have the restored records: wait until they have caught up, and repeat the restore", have, replicas, c.addr)
		}
	}
	return nil
}

// Close implements backup.Loader.
func (l *loader) Close() {
	for _, c := range l.masters {
		c.close()
	}
}

// explainRestore adds what to do about the refusal of a server in a restore.
func explainRestore(err error, command, addr string) error {
	if strings.HasPrefix(err.Error(), "NOPERM") {
		return fmt.Errorf("the user of Redis may not run %s at %s: restore as a user with all rights, such as `admin` (redis.username)", command, addr)
	}
	return explain(err, command, addr)
}

// explainForm explains why a server does not take a value.
func explainForm(err error, addr string, version byte) error {
	text := err.Error()
	if strings.Contains(text, "DUMP payload version") || strings.Contains(text, "Bad data format") {
		return fmt.Errorf("Redis at %s is older than the Redis that the archive is of (form %d of values): upgrade it to that version or a later one", addr, version) //nolint:staticcheck // a name
	}
	return explainRestore(err, "RESTORE", addr)
}
