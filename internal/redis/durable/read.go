package durable

import (
	"github.com/redis/go-redis/v9"

	"github.com/recipe-web-app/oauth2d/internal/redis/outcome"
	"github.com/recipe-web-app/oauth2d/internal/redis/pipeline"
)

// answer is the outcome of a pipeline of reads.
type answer int

const (
	silence answer = iota // the server did not answer; another one may be asked
	useless               // it answered, and nothing may be concluded from that
	foreign               // it answered from another data set
	good
)

// Read is the sender of reads. It asks the master while no other master can have acknowledged a write (I7). When the
// master is silent, or its lease is over, it asks a replica that certainly has every acknowledged write (I9). Otherwise
// the requests fail.
func (s *Sentinels) Read(batch []*pipeline.Request) {
	for end := s.o.Now().Add(writeHoldLimit); ; s.o.Pause() { // the moment between two masters is short
		got := s.readMaster(batch)
		if got == silence {
			got = s.readReplica(batch)
		}
		if got == good {
			return
		}
		if got == useless || got == foreign || s.o.Now().After(end) {
			break
		}
	}
	why := outcome.ErrNoMaster
	if s.o.Data.Lost() {
		why = outcome.ErrDataLost
	}
	pipeline.Refuse(batch, why)
}

// readMaster asks the master while its lease lasts, also until it has answered.
func (s *Sentinels) readMaster(batch []*pipeline.Request) answer {
	t := s.serving()
	if t == nil || !s.leased(t) || s.watch.Silent(t.Addr) {
		return silence
	}
	got := s.ask(t.client, batch, func() bool { return s.leased(t) })
	if got == foreign {
		s.endOf(t)
	}
	return got
}

func (s *Sentinels) leased(t *term) bool {
	a := s.current()
	return a.Lineage == t.Lineage && a.Leased(s.o.Now(), s.o.Lease)
}

// readReplica asks a replica.
func (s *Sentinels) readReplica(batch []*pipeline.Request) answer {
	for _, addr := range s.current().ReadReplicas {
		if !s.mayReadReplica(addr) {
			continue
		}
		if got := s.ask(s.reader(addr), batch, func() bool { return s.mayReadReplica(addr) }); got != silence {
			return got
		}
	}
	return silence
}

func (s *Sentinels) mayReadReplica(addr string) bool {
	a := s.current()
	return a.MayReadReplica(addr, s.o.Now(), s.o.Lease)
}

func (s *Sentinels) reader(addr string) *redis.Client {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.readers[addr] == nil {
		s.readers[addr] = s.o.Dial.Client(addr, nil)
	}
	return s.readers[addr]
}

// ask is one pipeline of reads, there and back. The answer is good when it comes from the data set
// that is known and the server may still be asked when it has come.
func (s *Sentinels) ask(server *redis.Client, batch []*pipeline.Request, still func() bool) answer {
	ctx, cancel := s.o.pipelineContext()
	defer cancel()
	ctx = pipeline.Within(ctx, batch)
	pipe := server.Pipeline()
	name := redis.NewStringCmd(ctx, "get", s.o.Data.Key())
	first := pipeline.Own(name)
	_ = pipe.Process(ctx, first.Commands()[0])
	pipeline.Queue(ctx, pipe, batch)
	s.o.RoundTrip(len(batch))
	_, _ = pipe.Exec(ctx) // every request looks at its own commands
	for _, r := range batch {
		r.Settle()
	}
	first.Settle()
	switch {
	case first.Err != nil:
		return silence
	case s.o.Data.Foreign(name.Val()):
		return foreign
	case !still():
		return useless
	}
	return good
}
