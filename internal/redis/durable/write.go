package durable

import (
	"context"
	"errors"
	"fmt"

	"github.com/redis/go-redis/v9"

	"github.com/recipe-web-app/oauth2d/internal/redis/outcome"
	"github.com/recipe-web-app/oauth2d/internal/redis/pipeline"
	"github.com/recipe-web-app/oauth2d/internal/redis/quorum"
)

// Write is the sender of writes: it acknowledges those that are proven.
func (s *Sentinels) Write(batch []*pipeline.Request) {
	t, err := s.await()
	if err != nil {
		pipeline.Refuse(batch, err)
		return
	}
	c := <-t.conns
	defer func() { t.conns <- c }()
	s.writeOn(t, c, batch)
	if outcome.Of(batch[0].Err) == outcome.Unreachable {
		s.o.Pause()
	}
	again := pipeline.WithoutScript(batch)
	if len(again) == 0 || c.conn == nil {
		return
	}
	ctx, cancel := s.o.pipelineContext()
	defer cancel()
	if s.o.Scripts.Load(ctx, c.conn) == nil {
		s.writeOn(t, c, again)
	}
}

// writeOn sends a batch to the master of a term and acknowledges what is proven.
func (s *Sentinels) writeOn(t *term, c *writeConn, batch []*pipeline.Request) {
	ctx, cancel := s.o.pipelineContext()
	defer cancel()
	if c.conn == nil {
		*c = writeConn{conn: t.client.Conn()}
	}
	fence := redis.NewIntCmd(ctx, "eval", fenceUp, 1, s.o.FenceKey)
	s.o.RoundTrip(len(batch))
	reached, err := c.prove(ctx, s.plan(ctx, t, fence, batch), batch)
	if err != nil {
		_ = c.conn.Close() // the next batch must not inherit a connection with an unread reply
		c.conn = nil
		if errors.Is(err, outcome.ErrDataLost) {
			s.endOf(t)
		}
		return
	}
	s.loss.Acknowledged(t.ReplID, reached, fence.Val())
	for _, r := range batch {
		if r.Err == nil {
			s.journal.add(r)
		}
	}
}

// plan is the proof behind Sentinels: every replica that a Sentinel could promote, by name, under the
// master and the history of the term.
func (s *Sentinels) plan(ctx context.Context, t *term, fence redis.Cmder, batch []*pipeline.Request) proofPlan {
	return proofPlan{
		markers: s.o.Data.MarkersFor(ctx, batch),
		fence:   fence,
		noRole:  t.noRole,
		rule:    func(quorum.NodeStatus) quorum.Rule { return s.current().Rule(s.o.Now()) },
		same: func(_, end quorum.NodeStatus) error {
			if s.current().Lineage != t.Lineage || end.ReplID != "" && end.ReplID != t.ReplID {
				return fmt.Errorf("%w: the master changed", quorum.ErrNotDurable)
			}
			return nil
		},
	}
}
