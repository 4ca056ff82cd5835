package app

import (
	"slices"
	"strings"
	"time"

	"github.com/recipe-web-app/oauth2d/internal/config"
	"github.com/recipe-web-app/oauth2d/internal/redis/probe"
)

// The values that deploy/redis sets; docs/redis-operations.md has the reasons.
const (
	leastBacklog  = 64 << 20
	leastDown     = 1500 * time.Millisecond
	longestDown   = 5 * time.Second
	fewestReplica = 2
)

// replication checks the settings of a server on which a failover depends.
func (e *examiner) replication(s probe.Server) {
	if s.Role != "master" || s.Replicas == 0 {
		return
	}
	if s.MinReplicasSet {
		e.tell("redis lone writes", Well, "", "%s accepts no write without a replica", s.Addr)
	} else {
		e.tell("redis lone writes", Doubt, "set min-replicas-to-write 1 and min-replicas-max-lag 10 on every node",
			"%s accepts writes when it has no replica", s.Addr)
	}
	verdict := Well
	if s.Backlog < leastBacklog {
		verdict = Doubt
	}
	e.tell("redis backlog", verdict, "set repl-backlog-size 64mb or more, so that a replica that was disconnected for a moment is up to date at once",
		"%s keeps %d MiB for replicas that were disconnected", s.Addr, s.Backlog>>20)
}

// durability reports when a change is acknowledged with these settings.
func (e *examiner) durability(c config.Redis) {
	strict := c.Durability == "strict" || c.Durability == "" && c.Mode == "sentinel"
	switch {
	case strict:
		e.tell("durability", Well, "", "strict: a change is acknowledged when every replica has it")
	case c.Mode == "standalone":
		e.tell("durability", Well, "", "relaxed: a change is acknowledged when the server has it")
	default:
		e.tell("durability", Doubt, "set redis.durability to strict", "relaxed: a failover may lose acknowledged changes")
	}
}

// sentinels checks the Sentinels together.
func (e *examiner) sentinels(all []probe.SentinelStatus) {
	if len(all) == 0 {
		return
	}
	total, silent := len(all), 0
	var masters []string
	for _, l := range all {
		if l.Err != nil {
			silent++
			e.wrong("sentinel reachable", l.Err)
			continue
		}
		total = max(total, l.OtherSentinels+1)
		if !slices.Contains(masters, l.Master) {
			masters = append(masters, l.Master)
		}
		e.sentinel(l)
	}
	switch {
	case len(masters) > 1:
		e.tell("sentinels", Failing, "a failover is under way, or one of them was cut off: run doctor again in a minute", "they name %s", strings.Join(masters, " and "))
	case total < 3:
		e.tell("sentinels", Failing, "run three, in different failure domains", "there are %d", total)
	case len(all)-silent <= total/2:
		e.tell("sentinels", Failing, "start the others, at addresses that can be reached from here", "%d of %d answer", len(all)-silent, total)
	default:
		e.tell("sentinels", Well, "", "%d of %d answer, and name %s", len(all)-silent, total, masters[0])
	}
}

// sentinel checks one Sentinel.
func (e *examiner) sentinel(l probe.SentinelStatus) {
	switch {
	case l.DownAfter < leastDown:
		e.tell("sentinel timing", Doubt, "set down-after-milliseconds to 1500 or more: with less, a new master may be marked as down before its first ping",
			"%s marks a master as down after %s", l.Addr, l.DownAfter)
	case l.DownAfter > longestDown:
		e.tell("sentinel timing", Doubt, "set down-after-milliseconds to 5000 or less", "%s waits %s before it marks a master as down", l.Addr, l.DownAfter)
	default:
		e.tell("sentinel timing", Well, "", "%s marks a master as down after %s", l.Addr, l.DownAfter)
	}
	if most := l.OtherSentinels + 1; l.Quorum <= most/2 {
		e.tell("sentinel quorum", Doubt, "set the quorum to more than half of them", "%s needs %d of %d Sentinels", l.Addr, l.Quorum, most)
	}
	if l.LiveReplicas() < fewestReplica {
		e.tell("sentinel replicas", Doubt, "run two replicas: with only one, writes stop when that one stops", "%s sees %d live replica", l.Addr, l.LiveReplicas())
	}
}
