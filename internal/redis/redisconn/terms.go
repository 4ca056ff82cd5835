package redisconn

import (
	"context"
	"crypto/rand"
	"errors"
	"log/slog"
	"slices"
	"sync"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/recipe-web-app/oauth2d/internal/redis/quorum"
)

// The bounds of patience.
const (
	writeHoldLimit = 500 * time.Millisecond // how long writes are kept until there is a master for them
	startHoldLimit = 3 * time.Second        // the same before there ever was one
)

// errNoMaster is why nothing was sent: there is no master that may be written to or read now.
var errNoMaster = errors.New("the Sentinels do not agree on a master that may serve now")

// errHistory is why nothing is served: the data that this daemon knew is gone.
var errHistory = errors.New("the data set is not the one that was there before; an operator must look at it, " +
	"and then restart this daemon")

// term is the time of one master with one history. Its connections lead to no other server.
type term struct {
	quorum.Lineage
	client *redis.Client
	conns  chan *writeConn
	opens  time.Time // when it may be written to
	noRole bool      // the user may not run ROLE; INFO tells the same, for some microseconds more
}

// durable is strict durability: what it acknowledges survives the loss of any one server. It is
// safe for concurrent use.
type durable struct {
	db      *DB
	watch   *quorum.Watcher
	current func() quorum.Agreement // of the watcher
	journal *journal
	loss    *quorum.LossDetector
	done    sync.WaitGroup

	mu      sync.Mutex
	term    *term // nil while there is none
	opened  chan struct{}
	served  bool   // there was a term
	refused string // why the agreed master does not serve, as it was last said
	readers map[string]*redis.Client
}

func newDurable(db *DB) *durable {
	d := &durable{
		db: db, journal: newJournal(db.opt.Now), opened: make(chan struct{}),
		loss: &quorum.LossDetector{}, readers: make(map[string]*redis.Client),
	}
	d.watch = quorum.NewWatcher(db.dial, db.opt.Now, db.opt.Lease)
	d.current = d.watch.Current
	d.watch.Start(db.opt.Addrs)
	d.done.Go(d.run)
	return d
}

// run begins a term whenever the Sentinels agree on another master, or the master on another
// history, and tries again until it succeeds.
func (d *durable) run() {
	retry := time.NewTicker(quorum.PollInterval)
	defer retry.Stop()
	for {
		select {
		case <-d.db.quit:
			return
		case <-d.watch.Changed():
		case <-retry.C:
		}
		a := d.current()
		d.db.opt.OnState(d.state(a))
		now := a.Lineage
		t := d.serving()
		if a.Addr == "" || t != nil && t.Lineage == now {
			continue
		}
		d.end()
		if a.ReplID != "" {
			d.begin(a, now)
		}
	}
}

// begin makes a term: what is there is compared with what was acknowledged, and only then is it
// open to reads, and, once every reader of another master has lost its lease, to writes.
func (d *durable) begin(a quorum.Agreement, now quorum.Lineage) {
	ctx, cancel := d.db.pipelineContext()
	defer cancel()
	t := &term{Lineage: now, conns: make(chan *writeConn, d.db.opt.writers()), opens: a.Since.Add(d.db.opt.Lease)}
	t.client = d.db.nodeClient(now.Addr, func(ctx context.Context, conn *redis.Conn) error {
		return d.db.onConnectTo(ctx, conn, now.ReplID)
	})
	for range cap(t.conns) {
		t.conns <- &writeConn{}
	}
	if err := d.prepare(ctx, t, a); err != nil {
		d.sayRefused(ctx, now.Addr, err)
		t.close()
		return
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	d.term, d.served, d.refused = t, true, ""
	close(d.opened)
	d.db.opt.Logger.InfoContext(ctx, "a master serves", "master", now.Addr, "replicas", len(a.Required))
}

// sayRefused says once why a master does not serve, however often it is tried.
func (d *durable) sayRefused(ctx context.Context, master string, why error) {
	text := master + ": " + why.Error()
	d.mu.Lock()
	said, level := d.refused == text, slog.LevelInfo // at the start this is only waiting
	if d.served {
		level = slog.LevelWarn
	}
	d.refused = text
	d.mu.Unlock()
	if !said {
		d.db.opt.Logger.Log(ctx, level, "the master does not serve yet", "master", master, "error", why.Error())
	}
}

// prepare looks at the data of a new term.
func (d *durable) prepare(ctx context.Context, t *term, a quorum.Agreement) error {
	t.noRole = ResultOf(t.client.Do(ctx, "role").Err()) == ResultNoPerm
	info := redis.NewStringCmd(ctx, "info", "replication")
	history, fence := redis.NewStringCmd(ctx, "get", d.db.keys.history), redis.NewStringCmd(ctx, "get", d.db.keys.fence)
	look := asked(info, history, fence)
	pipe := t.client.Pipeline()
	for _, cmd := range look.cmds {
		_ = pipe.Process(ctx, cmd)
	}
	_, _ = pipe.Exec(ctx) // every command is looked at
	look.settle()
	if look.err != nil {
		return look.err
	}
	complete, loss := d.loss.Complete(quorum.ParseInfo(info.Val()).Node(a.Since), quorum.Int(fence.Val()))
	if loss != nil {
		d.db.opt.Logger.ErrorContext(ctx, "acknowledged writes were lost",
			"acknowledged_offset", loss.AcknowledgedOffset, "kept_offset", loss.KeptOffset,
			"acknowledged_batch", loss.AcknowledgedBatch, "kept_batch", loss.KeptBatch)
	}
	if err := d.recognise(ctx, t, history.Val()); err != nil || complete {
		return err
	}
	return d.journal.redo(t.client, d.db.pipelineContext)
}

// recognise compares the name of the data set with the one that is known. An empty Redis is given
// a name, but only by a daemon that never saw another.
func (d *durable) recognise(ctx context.Context, t *term, found string) error {
	data := d.db.data
	known := data.known()
	if known == "" && found == "" && !d.db.opt.Observer {
		var err error
		if found, err = d.nameHistory(ctx, t); err != nil {
			return err
		}
	}
	if known == "" {
		data.learn(found)
		return nil
	}
	if !data.compare(ctx, found) {
		return errHistory
	}
	return nil
}

// nameHistory writes the id of the data set into an empty Redis, unless another daemon is faster.
func (d *durable) nameHistory(ctx context.Context, t *term) (string, error) {
	c := <-t.conns
	defer func() { t.conns <- c }()
	set := asked(redis.NewStatusCmd(ctx, "set", d.db.keys.history, rand.Text(), "nx"))
	d.writeOn(t, c, []*request{set})
	if set.err != nil && ResultOf(set.err) != ResultNil {
		return "", set.err
	}
	return t.client.Get(ctx, d.db.keys.history).Result()
}

// end closes the term, if there is one. Who waits for it is told.
func (d *durable) end() {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.term != nil {
		d.term.close()
		d.term, d.opened = nil, make(chan struct{})
	}
}

// endOf closes a term in which another data set was met; run looks what it is.
func (d *durable) endOf(t *term) {
	if d.serving() == t {
		d.end()
	}
}

func (t *term) close() { _ = t.client.Close() } // the write connections are its own

// serving returns the term, nil when there is none.
func (d *durable) serving() *term {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.term
}

// await returns the term once it may be written to, and why not when that takes too long.
func (d *durable) await() (*term, error) {
	d.mu.Lock()
	limit := time.NewTimer(writeHoldLimit)
	if !d.served {
		limit.Reset(startHoldLimit)
	}
	d.mu.Unlock()
	defer limit.Stop()
	for {
		d.mu.Lock()
		t, opened := d.term, d.opened
		d.mu.Unlock()
		var barrier <-chan time.Time
		giveUp := limit.C
		if t != nil {
			left := t.opens.Sub(d.db.opt.Now())
			if left <= 0 {
				return t, nil
			}
			barrier, opened, giveUp = time.After(left), nil, nil // it is known when this ends
		}
		select {
		case <-opened:
		case <-barrier:
		case <-d.db.quit:
			return nil, errClosed
		case <-giveUp:
			if d.db.data.isLost() {
				return nil, errHistory
			}
			return nil, errNoMaster
		}
	}
}

func (d *durable) close() {
	d.watch.Close()
	d.done.Wait()
	d.end()
	d.mu.Lock()
	defer d.mu.Unlock()
	for _, client := range d.readers {
		_ = client.Close()
	}
}

// State is how strict durability stands at one time.
type State struct {
	Master   string   // the agreed one; "" before there was any
	Agreed   bool     // a majority of the Sentinels confirms it now
	Lease    bool     // it may be read
	Serving  bool     // it may be written to
	Required []string // the replicas that must have every write
	Known    []string // all replicas
	Losses   uint64   // how often acknowledged writes were found to be missing
	DataLost bool     // the data set was replaced by another: nothing is served
}

// State returns how strict durability behind Sentinels stands now; false where there is none.
func (db *DB) State() (State, bool) {
	if db.durable == nil {
		return State{}, false
	}
	return db.durable.state(db.durable.current()), true
}

func (d *durable) state(a quorum.Agreement) State {
	now := d.db.opt.Now()
	t := d.serving()
	return State{
		Master:   a.Addr,
		Agreed:   a.Agreed(now),
		Lease:    t != nil && a.Leased(now, d.db.opt.Lease),
		Serving:  t != nil && !now.Before(t.opens),
		Required: a.Rule(now).MustHave(),
		Known:    slices.Clone(a.Known),
		Losses:   d.loss.Losses(),
		DataLost: d.db.data.isLost(),
	}
}
