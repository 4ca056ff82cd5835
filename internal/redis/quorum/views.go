package quorum

import (
	"slices"
	"time"
)

// SentinelView is the report of one Sentinel about the group.
type SentinelView struct {
	AskedAt         time.Time       // when the question was sent
	ID              string          // the Sentinel's own id, or its address where it may not be asked
	Master          string          // host:port
	Flags           string          // of the master; "master" alone when nothing is held against it
	Replicas        map[string]bool // by address; true: this Sentinel calls it s_down
	NamedFor        time.Duration   // how long it has named this master without a break, by its own clock
	OtherSentinels  int             // how many it knows besides itself
	Epoch           int64           // config-epoch: the failover that made its master one
	Quorum          int             // how many Sentinels must call the master down
	DownAfter       time.Duration
	FailoverTimeout time.Duration
	Peers           []string // addresses of the other Sentinels; set only when they were asked for
}

// LiveReplicas counts the replicas that this Sentinel does not call down.
func (s SentinelView) LiveReplicas() int {
	live := 0
	for _, down := range s.Replicas {
		if !down {
			live++
		}
	}
	return live
}

// Observations are everything that is known at one time.
type Observations struct {
	Now        time.Time
	Sentinels  map[string]SentinelView // by the Sentinel's id
	Nodes      map[string]NodeStatus   // by address
	Configured int                     // how many Sentinels the settings name
	Lease      time.Duration
}

// majority returns the master that more than half of all Sentinels name, counting the views that
// accept allows, and the time at which the last view of the newest such majority was asked for. ""
// means that there is none.
func (o Observations) majority(accept func(SentinelView) bool) (string, time.Time) {
	votes := make(map[string][]time.Time)
	for _, v := range o.Sentinels {
		if accept(v) {
			votes[v.Master] = append(votes[v.Master], v.AskedAt)
		}
	}
	var master string
	var newest time.Time
	need := o.total()/2 + 1
	for addr, times := range votes {
		if len(times) < need {
			continue
		}
		slices.SortFunc(times, func(a, b time.Time) int { return b.Compare(a) })
		if at := times[need-1]; at.After(newest) {
			master, newest = addr, at
		}
	}
	return master, newest
}

// total is the number of all Sentinels: at least those that are configured, and at least as many as
// any of them knows. Counting too few would let a minority decide (I1).
func (o Observations) total() int {
	total := o.Configured
	for _, v := range o.Sentinels {
		total = max(total, v.OtherSentinels+1)
	}
	return total
}

func (o Observations) young(at time.Time) bool { return o.Now.Sub(at) < maxViewAge }

// outvoted reports whether a Sentinel names another master without naming a later failover: it will
// follow the Sentinels that name this master, not they it (I10).
func (o Observations) outvoted(v SentinelView, master string) bool {
	return v.Master != master && v.Epoch <= o.epochOf(master)
}

// epochOf is the latest config-epoch under which a Sentinel names a master.
func (o Observations) epochOf(master string) int64 {
	var epoch int64
	for _, v := range o.Sentinels {
		if v.Master == master {
			epoch = max(epoch, v.Epoch)
		}
	}
	return epoch
}

// trusted reports whether a majority that names the master calls one of its replicas alive.
func (o Observations) trusted(master, replica string) bool {
	alive := 0
	for _, v := range o.Sentinels {
		if down, listed := v.Replicas[replica]; listed && !down && v.Master == master && o.Now.Sub(v.AskedAt) < o.Lease {
			alive++
		}
	}
	return alive > o.total()/2
}
