package durable

import (
	"context"
	"crypto/rand"
	"log/slog"
	"slices"
	"sync"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/recipe-web-app/oauth2d/internal/redis/outcome"
	"github.com/recipe-web-app/oauth2d/internal/redis/pipeline"
	"github.com/recipe-web-app/oauth2d/internal/redis/quorum"
)

// How long requests wait for a master.
const (
	writeHoldLimit = 500 * time.Millisecond // after there was one
	startHoldLimit = 3 * time.Second        // before there ever was one
)

// term is the time of one master with one history. Its connections lead to no other server.
type term struct {
	quorum.Lineage
	client *redis.Client
	conns  chan *writeConn
	opens  time.Time // when it may be written to (I8)
	noRole bool      // the user may not run ROLE; INFO replication returns the same and takes some microseconds more
}

// Sentinels is strict durability behind Sentinels: what it acknowledges survives the loss of any one server. It is
// safe for concurrent use.
type Sentinels struct {
	o       Options
	watch   *quorum.Watcher
	current func() quorum.Agreement // of the watcher
	journal *journal
	loss    *quorum.LossDetector
	done    sync.WaitGroup

	mu      sync.Mutex
	term    *term // nil while there is none
	opened  chan struct{}
	served  bool   // there was a term
	refused string // why the agreed master does not serve, as it was last logged
	readers map[string]*redis.Client
}

// NewSentinels returns a sender for the group behind the Sentinels, and begins to watch them.
func NewSentinels(o Options) *Sentinels {
	s := &Sentinels{
		o: o, journal: newJournal(o.Now), opened: make(chan struct{}),
		loss: &quorum.LossDetector{}, readers: make(map[string]*redis.Client),
	}
	s.watch = quorum.NewWatcher(o.Dial, o.Now, o.Lease)
	s.current = s.watch.Current
	s.watch.Start(o.Addrs)
	s.done.Go(s.run)
	return s
}

// run begins a term whenever the Sentinels agree on another master, or the master on another
// history, and tries again until it succeeds.
func (s *Sentinels) run() {
	retry := time.NewTicker(quorum.PollInterval)
	defer retry.Stop()
	for {
		select {
		case <-s.o.Quit:
			return
		case <-s.watch.Changed():
		case <-retry.C:
		}
		a := s.current()
		s.o.OnState(s.state(a))
		now := a.Lineage
		t := s.serving()
		if a.Addr == "" || t != nil && t.Lineage == now {
			continue
		}
		s.end()
		if a.ReplID != "" {
			s.begin(a, now)
		}
	}
}

// begin makes a term. It compares the data of the master with the acknowledged writes; then the term is open to reads
// and, once every reader of another master has lost its lease (I8), to writes: at once when the Sentinels have named the
// master for longer than that, as they have when a daemon starts.
func (s *Sentinels) begin(a quorum.Agreement, now quorum.Lineage) {
	ctx, cancel := s.o.pipelineContext()
	defer cancel()
	t := &term{Lineage: now, conns: make(chan *writeConn, s.o.Connections), opens: a.Since.Add(s.o.Lease)}
	if a.Settled {
		t.opens = a.Since
	}
	t.client = s.o.Client(now.Addr, func(ctx context.Context, conn *redis.Conn) error {
		return s.onConnect(ctx, conn, now.ReplID)
	})
	for range cap(t.conns) {
		t.conns <- &writeConn{}
	}
	if err := s.prepare(ctx, t, a); err != nil {
		s.logRefused(ctx, now.Addr, err)
		t.close()
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.term, s.served, s.refused = t, true, ""
	close(s.opened)
	s.o.Logger.InfoContext(ctx, "a master serves", "master", now.Addr, "replicas", len(a.Required))
}

// onConnect returns an error unless the server is the master whose history is expected.
func (s *Sentinels) onConnect(ctx context.Context, conn *redis.Conn, replid string) error {
	text, err := conn.Info(ctx, "replication").Result()
	if err != nil {
		return err
	}
	if info := quorum.ParseInfo(text); info["role"] != "master" || info["master_replid"] != replid {
		return quorum.ErrNotMaster
	}
	return s.o.Scripts.Load(ctx, conn)
}

// logRefused logs once why a master does not serve, however often it is tried.
func (s *Sentinels) logRefused(ctx context.Context, master string, why error) {
	text := master + ": " + why.Error()
	s.mu.Lock()
	logged, level := s.refused == text, slog.LevelInfo // at the start this is only waiting
	if s.served {
		level = slog.LevelWarn
	}
	s.refused = text
	s.mu.Unlock()
	if !logged {
		s.o.Logger.Log(ctx, level, "the master does not serve yet", "master", master, "error", why.Error())
	}
}

// prepare compares the data of a new term with what was acknowledged, and applies the journal where it may be missing.
func (s *Sentinels) prepare(ctx context.Context, t *term, a quorum.Agreement) error {
	t.noRole = outcome.Of(t.client.Do(ctx, "role").Err()) == outcome.NoPerm
	info := redis.NewStringCmd(ctx, "info", "replication")
	history, fence := redis.NewStringCmd(ctx, "get", s.o.Data.Key()), redis.NewStringCmd(ctx, "get", s.o.FenceKey)
	look := pipeline.Own(info, history, fence)
	pipe := t.client.Pipeline()
	for _, cmd := range look.Commands() {
		_ = pipe.Process(ctx, cmd)
	}
	_, _ = pipe.Exec(ctx) // every command is looked at
	look.Settle()
	if look.Err != nil {
		return look.Err
	}
	complete, loss := s.loss.Complete(quorum.ParseInfo(info.Val()).Node(a.Since), quorum.Int(fence.Val()))
	if loss != nil {
		s.o.Logger.ErrorContext(ctx, "acknowledged writes were lost",
			"acknowledged_offset", loss.AcknowledgedOffset, "kept_offset", loss.KeptOffset,
			"acknowledged_batch", loss.AcknowledgedBatch, "kept_batch", loss.KeptBatch)
	}
	if err := s.recognise(ctx, t, history.Val()); err != nil || complete {
		return err
	}
	return s.journal.redo(t.client, s.o.pipelineContext)
}

// recognise compares the name of the data set with the one that is known. An empty Redis is given
// a name, but only by a daemon that never saw another.
func (s *Sentinels) recognise(ctx context.Context, t *term, found string) error {
	data := s.o.Data
	known := data.Known()
	if known == "" && found == "" && !s.o.Observer {
		var err error
		if found, err = s.nameHistory(ctx, t); err != nil {
			return err
		}
	}
	if known == "" {
		data.Learn(found)
		return nil
	}
	if !data.Compare(ctx, found) {
		return outcome.ErrDataLost
	}
	return nil
}

// nameHistory writes the id of the data set into an empty Redis, unless another daemon is faster.
func (s *Sentinels) nameHistory(ctx context.Context, t *term) (string, error) {
	c := <-t.conns
	defer func() { t.conns <- c }()
	set := pipeline.Own(redis.NewStatusCmd(ctx, "set", s.o.Data.Key(), rand.Text(), "nx"))
	s.writeOn(t, c, []*pipeline.Request{set})
	if set.Err != nil && outcome.Of(set.Err) != outcome.Nil {
		return "", set.Err
	}
	return t.client.Get(ctx, s.o.Data.Key()).Result()
}

// end closes the term, if there is one. Its pipelines fail.
func (s *Sentinels) end() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.term != nil {
		s.term.close()
		s.term, s.opened = nil, make(chan struct{})
	}
}

// endOf closes a term in which another data set was met; run then looks at the data again.
func (s *Sentinels) endOf(t *term) {
	if s.serving() == t {
		s.end()
	}
}

func (t *term) close() { _ = t.client.Close() } // the write connections are its own

// serving returns the term, nil when there is none.
func (s *Sentinels) serving() *term {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.term
}

// await returns the term once it may be written to, or the reason when that takes too long.
func (s *Sentinels) await() (*term, error) {
	s.mu.Lock()
	limit := time.NewTimer(writeHoldLimit)
	if !s.served {
		limit.Reset(startHoldLimit)
	}
	s.mu.Unlock()
	defer limit.Stop()
	for {
		s.mu.Lock()
		t, opened := s.term, s.opened
		s.mu.Unlock()
		var barrier <-chan time.Time
		giveUp := limit.C
		if t != nil {
			left := t.opens.Sub(s.o.Now())
			if left <= 0 {
				return t, nil
			}
			barrier, opened, giveUp = time.After(left), nil, nil // it is known when this ends
		}
		select {
		case <-opened:
		case <-barrier:
		case <-s.o.Quit:
			return nil, outcome.ErrClosed
		case <-giveUp:
			if s.o.Data.Lost() {
				return nil, outcome.ErrDataLost
			}
			return nil, outcome.ErrNoMaster
		}
	}
}

// Close stops watching, ends the term and closes all connections. Options.Quit must be closed before.
func (s *Sentinels) Close() {
	s.watch.Close()
	s.done.Wait()
	s.end()
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, client := range s.readers {
		_ = client.Close()
	}
}

// State returns the state of strict durability now.
func (s *Sentinels) State() State { return s.state(s.current()) }

func (s *Sentinels) state(a quorum.Agreement) State {
	now := s.o.Now()
	t := s.serving()
	return State{
		Master:   a.Addr,
		Agreed:   a.Agreed(now),
		Lease:    t != nil && a.Leased(now, s.o.Lease),
		Serving:  t != nil && !now.Before(t.opens),
		Required: a.Rule(now).MustHave(),
		Known:    slices.Clone(a.Known),
		Losses:   s.loss.Losses(),
		DataLost: s.o.Data.Lost(),
	}
}
