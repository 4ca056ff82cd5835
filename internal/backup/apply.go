package backup

import (
	"bytes"
	"context"
)

// compareBatch is the number of values that are compared in one round trip.
const compareBatch = 256

// compare reads the archive again and finds out which records have the same value already.
func (r *restoring) compare(ctx context.Context) error {
	in, err := openArchive(ctx, r.From, r.Name, r.Key)
	if err != nil {
		return refused(r.From, r.Name, err)
	}
	defer in.close()
	var keys, values [][]byte
	settle := func() error {
		present, err := r.To.Values(ctx, keys)
		if err != nil {
			return err
		}
		for i, key := range keys {
			switch {
			case present[i] == nil:
				r.name(key, "add")
			case r.To.Equal(present[i], values[i]):
				r.change(key).Same++
			default:
				r.name(key, "replace")
			}
		}
		keys, values = keys[:0], values[:0]
		return nil
	}
	err = in.all(r.Progress, func(e *entry) error {
		if !e.whole || !r.wanted(e.Record) || r.stays(e.Key) {
			return e.chunks(func([]byte) error { return nil })
		}
		if at, ok := r.index.at(e.Key); ok && !r.index.live[at] {
			r.name(e.Key, "add")
			return nil
		}
		keys, values = append(keys, e.Key), append(values, bytes.Clone(e.first))
		if len(keys) < compareBatch {
			return nil
		}
		return settle()
	})
	if err != nil {
		return err
	}
	return settle()
}

// raises reports whether the restore raises the epoch.
func (r *restoring) raises() bool { return !r.KeepSignIns && r.Kind == Auth }

// begin raises the epoch and connects to the servers that get the records. It changes no record.
func (r *restoring) begin(ctx context.Context) (Loader, error) {
	if r.raises() {
		if err := r.Raise(ctx, r.now); err != nil {
			return nil, err
		}
	}
	return r.To.Load(ctx)
}

// apply makes the changes.
func (r *restoring) apply(ctx context.Context, to Loader) error {
	if err := r.write(ctx, to); err != nil {
		return err
	}
	if err := r.remove(ctx, to); err != nil {
		return err
	}
	if r.Kind == Auth { // so that every server reads the clients again
		name := "auth:clients:version"
		if r.end.Source.Mode == "cluster" {
			name = "auth:{clients}:version"
		}
		if err := to.Increment([]byte(name)); err != nil {
			return err
		}
	}
	if err := to.Finish(ctx); err != nil || !r.raises() {
		return err
	}
	return r.Raise(ctx, r.Now())
}

// write puts the records of the archive.
func (r *restoring) write(ctx context.Context, to Loader) error {
	in, err := openArchive(ctx, r.From, r.Name, r.Key)
	if err != nil {
		return refused(r.From, r.Name, err)
	}
	defer in.close()
	return in.all(r.Progress, func(e *entry) error {
		switch {
		case !r.wanted(e.Record) || r.stays(e.Key):
			return e.chunks(func([]byte) error { return nil })
		case e.whole:
			return to.Put(e.Record, e.first)
		default:
			return to.PutStream(e.Record, r.index.sizes[r.index.hash(e.Key)], e.chunks)
		}
	})
}

// remove deletes the records that the archive does not have.
func (r *restoring) remove(ctx context.Context, to Loader) error {
	return r.To.Scan(ctx, func(key []byte) error {
		if !belongs(r.Kind, key) || !r.Part.includes(key) || ruleOf(key) != replace {
			return nil
		}
		if _, archived := r.index.at(key); archived {
			return nil
		}
		return to.Remove(key)
	})
}
