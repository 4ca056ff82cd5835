package redisconn

import (
	"github.com/redis/go-redis/v9"
)

// answer is what became of a pipeline of reads.
type answer int

const (
	silence answer = iota // nothing was answered; another server may be asked
	useless               // something was, and nothing may be concluded from it
	foreign               // it was, from another data set
	good
)

// read is the sender of strict durability for reads. The master is asked while nobody can have
// acknowledged a write elsewhere; when it is silent, or its lease is over, a replica is asked that
// certainly has every acknowledged write; otherwise nobody is.
func (d *durable) read(batch []*request) {
	for end := d.db.opt.Now().Add(writeHoldLimit); ; d.db.pause() { // the moment between two masters is short
		got := d.readMaster(batch)
		if got == silence {
			got = d.readReplica(batch)
		}
		if got == good {
			return
		}
		if got == useless || got == foreign || d.db.opt.Now().After(end) {
			break
		}
	}
	why := errNoMaster
	if d.db.data.isLost() {
		why = errHistory
	}
	refuse(batch, why)
}

// readMaster asks the master while its lease lasts, also until it has answered.
func (d *durable) readMaster(batch []*request) answer {
	t := d.serving()
	if t == nil || !d.leased(t) || d.watch.Silent(t.Addr) {
		return silence
	}
	got := d.ask(t.client, batch, func() bool { return d.leased(t) })
	if got == foreign {
		d.endOf(t)
	}
	return got
}

func (d *durable) leased(t *term) bool {
	a := d.current()
	return a.Lineage == t.Lineage && a.Leased(d.db.opt.Now(), d.db.opt.Lease)
}

// readReplica asks a replica.
func (d *durable) readReplica(batch []*request) answer {
	for _, addr := range d.current().ReadReplicas {
		if !d.mayReadReplica(addr) {
			continue
		}
		if got := d.ask(d.reader(addr), batch, func() bool { return d.mayReadReplica(addr) }); got != silence {
			return got
		}
	}
	return silence
}

func (d *durable) mayReadReplica(addr string) bool {
	a := d.current()
	return a.MayReadReplica(addr, d.db.opt.Now(), d.db.opt.Lease)
}

func (d *durable) reader(addr string) *redis.Client {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.readers[addr] == nil {
		d.readers[addr] = d.db.dial.Client(addr, nil)
	}
	return d.readers[addr]
}

// ask is one pipeline of reads, there and back. The answer is good when it comes from the data set
// that is known and the server may still be asked when it has come.
func (d *durable) ask(server *redis.Client, batch []*request, still func() bool) answer {
	ctx, cancel := d.db.pipelineContext()
	defer cancel()
	ctx = within(ctx, batch)
	pipe := server.Pipeline()
	name := redis.NewStringCmd(ctx, "get", d.db.keys.history)
	first := asked(name)
	_ = pipe.Process(ctx, first.cmds[0])
	for _, r := range batch {
		r.forget() // what a server that was silent left
		for _, cmd := range r.cmds {
			_ = pipe.Process(ctx, cmd)
		}
	}
	d.db.opt.RoundTrip(len(batch))
	_, _ = pipe.Exec(ctx) // every request looks at its own commands
	for _, r := range batch {
		r.settle()
	}
	first.settle()
	switch {
	case first.err != nil:
		return silence
	case d.db.data.foreign(name.Val()):
		return foreign
	case !still():
		return useless
	}
	return good
}
