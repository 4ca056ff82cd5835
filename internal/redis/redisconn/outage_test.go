package redisconn_test

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/recipe-web-app/oauth2d/internal/redis/redisconn"
	"github.com/recipe-web-app/oauth2d/internal/redis/redistest"
)

// load counts keys up and reads them, from several callers, until it is stopped. For each
// key the true number lies between the acknowledged and the attempted ones.
type load struct {
	t       *testing.T
	db      *redisconn.DB
	lossy   bool // acknowledged counts may be lost (a failover that nobody waited for)
	quit    chan struct{}
	callers sync.WaitGroup
	good    atomic.Int64 // answers
	bad     atomic.Int64 // errors
	last    []atomic.Int64
}

const callers = 8

func startLoad(t *testing.T, db *redisconn.DB, lossy bool) *load {
	t.Helper()
	l := &load{t: t, db: db, lossy: lossy, quit: make(chan struct{}), last: make([]atomic.Int64, callers)}
	for i := range callers {
		l.callers.Go(func() { l.call(i) })
	}
	redistest.Eventually(t, 10*time.Second, "the load runs", func() bool { return l.good.Load() > 500 })
	return l
}

func (l *load) call(i int) {
	script, key := counting(l.db), fmt.Sprint("auth:count:", i)
	var acknowledged, attempted int64
	for {
		select {
		case <-l.quit:
			return
		default:
		}
		ctx, cancel := context.WithTimeout(context.Background(), 2*time.Second)
		attempted++
		answer, err := l.db.Write(ctx, "count", script, []string{key}, 1)
		if err == nil {
			n, _ := answer.(int64)
			l.believe("a write", n, acknowledged+1, attempted)
			acknowledged = n
		}
		l.note(i, err)
		cmd := redis.NewStringCmd(ctx, "get", key)
		err = l.db.Read(ctx, "look", cmd)
		if err == nil {
			n, _ := cmd.Int64()
			l.believe("a read", n, acknowledged, attempted)
		}
		l.note(i, err)
		cancel()
	}
}

func (l *load) believe(what string, n, least, most int64) {
	if l.lossy {
		least = 0
	}
	if n < least || n > most {
		l.t.Errorf("%s tells %d; it can only be %d to %d", what, n, least, most)
	}
}

func (l *load) note(i int, err error) {
	if err != nil {
		l.bad.Add(1)
		return
	}
	l.good.Add(1)
	l.last[i].Add(1)
}

// everybodyIsServed waits until each caller had answers that were given after this call.
func (l *load) everybodyIsServed(limit time.Duration) {
	l.t.Helper()
	var before [callers]int64
	for i := range before {
		before[i] = l.last[i].Load()
	}
	redistest.Eventually(l.t, limit, "everybody is served again", func() bool {
		for i := range before {
			if l.last[i].Load() < before[i]+4 {
				return false
			}
		}
		return true
	})
}

func (l *load) stop() {
	close(l.quit)
	l.callers.Wait()
}

// back is the time after Redis within which every caller must be served again.
const back = 2 * time.Second

func TestRedisDiesUnderLoadAndComesBack(t *testing.T) {
	t.Parallel()
	// always: with everysec a busy disk may hold back what a killed process had acknowledged.
	server := redistest.Start(t, "appendonly yes", "appendfsync always")
	l := startLoad(t, open(t, onServer(server)), false)
	defer l.stop()
	for range 3 {
		server.Kill()
		errors := l.bad.Load()
		redistest.Eventually(t, 5*time.Second, "the callers are told", func() bool { return l.bad.Load() > errors+100 })
		answers := l.good.Load()
		redistest.Eventually(t, 5*time.Second, "time passes", func() bool { return l.bad.Load() > errors+1000 })
		if n := l.good.Load(); n != answers {
			t.Errorf("%d answers from a dead server", n-answers)
		}
		server.Restart(t)
		l.everybodyIsServed(back)
	}
}

func TestRedisHangsUnderLoadAndGoesOn(t *testing.T) {
	t.Parallel()
	server := redistest.Start(t)
	l := startLoad(t, open(t, onServer(server)), false)
	defer l.stop()
	server.Pause()
	errors := l.bad.Load()
	redistest.Eventually(t, 10*time.Second, "the callers are told", func() bool { return l.bad.Load() >= errors+2*callers })
	server.Resume()
	l.everybodyIsServed(back)
}

func TestTheMasterDiesUnderLoad(t *testing.T) {
	t.Parallel()
	group := redistest.StartGroup(t)
	l := startLoad(t, open(t, redisconn.Options{
		Mode: redisconn.Sentinel, Addrs: group.Addrs, MasterName: redistest.MasterName, Durability: redisconn.Relaxed,
	}), true)
	defer l.stop()
	group.Nodes[0].Kill()
	errors := l.bad.Load()
	redistest.Eventually(t, 5*time.Second, "the callers are told", func() bool { return l.bad.Load() > errors })
	l.everybodyIsServed(10 * time.Second)
	redistest.Eventually(t, 10*time.Second, "another node is master", func() bool {
		master := group.Master(t)
		return master != nil && master != group.Nodes[0]
	})
}

func TestAMasterOfTheClusterDiesUnderLoad(t *testing.T) {
	t.Parallel()
	cluster := redistest.StartCluster(t)
	l := startLoad(t, open(t, redisconn.Options{Mode: redisconn.Cluster, Addrs: cluster.Addrs}), true)
	defer l.stop()
	cluster.Nodes[0].Kill()
	errors := l.bad.Load()
	redistest.Eventually(t, 5*time.Second, "the callers are told", func() bool { return l.bad.Load() > errors })
	l.everybodyIsServed(15 * time.Second)
}
