package bucket

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"sync"
	"time"

	"gocloud.dev/blob"
)

// restartPauses returns how long an upload waits before it begins again, after the library has given up.
func restartPauses() []time.Duration {
	return []time.Duration{5 * time.Second, 20 * time.Second, time.Minute}
}

// upload is an object that is being written. Write appends to a temporary file, which run sends to the bucket at the
// same time.
type upload struct {
	to     *Bucket
	name   string
	ctx    context.Context //nolint:containedctx // of Create: it ends the upload
	cancel context.CancelFunc
	spool  *os.File // has no name any more: the system frees it when the process ends
	ended  chan struct{}
	done   bool

	mu       sync.Mutex // guards what follows
	grown    *sync.Cond // size, complete or stopped has changed
	size     int64
	complete bool
	stopped  bool
	err      error // of run
}

func newUpload(ctx context.Context, to *Bucket, name string) (*upload, error) {
	spool, err := os.CreateTemp("", "oauth2d-backup-*")
	if err != nil {
		return nil, fmt.Errorf("an upload needs a temporary file: %w; set TMPDIR to a folder that can be written", err)
	}
	if err := os.Remove(spool.Name()); err != nil {
		_ = spool.Close()
		return nil, err
	}
	u := &upload{to: to, name: name, spool: spool, ended: make(chan struct{})}
	u.ctx, u.cancel = context.WithCancel(ctx)
	u.grown = sync.NewCond(&u.mu)
	context.AfterFunc(u.ctx, func() {
		u.mu.Lock()
		u.stopped = true
		u.mu.Unlock()
		u.grown.Broadcast()
	})
	go u.run()
	return u, nil
}

// Write implements backup.Upload. It does not wait for the bucket, and reports early that an upload has failed.
func (u *upload) Write(p []byte) (int, error) {
	u.mu.Lock()
	failed := u.err
	u.mu.Unlock()
	if failed != nil {
		return 0, failed
	}
	n, err := u.spool.Write(p)
	u.mu.Lock()
	u.size += int64(n)
	u.mu.Unlock()
	u.grown.Signal()
	if err != nil {
		// Not wrapped: the caller would take a full disk here for a full destination.
		return n, fmt.Errorf("the temporary folder %s cannot take the archive: %s; make room there, or set TMPDIR", os.TempDir(), err.Error())
	}
	return n, nil
}

// Commit implements backup.Upload.
func (u *upload) Commit() error {
	u.mu.Lock()
	u.complete = true
	u.mu.Unlock()
	u.grown.Signal()
	<-u.ended
	u.done = true
	u.cancel()
	_ = u.spool.Close() // only read from
	return u.err
}

// Abort implements backup.Upload. The object does not exist after it: a bucket shows an object when all of it is there.
func (u *upload) Abort() {
	if u.done {
		return
	}
	u.done = true
	u.cancel()
	<-u.ended
	_ = u.spool.Close() // its content is not needed
}

// run sends the file. When the library has given up, it begins again, a few times.
func (u *upload) run() {
	defer close(u.ended)
	err := u.send()
	for _, pause := range u.to.restartPauses {
		if err == nil || final(err) || u.ctx.Err() != nil {
			break
		}
		select {
		case <-u.ctx.Done():
		case <-time.After(pause):
			err = u.send()
		}
	}
	if err != nil {
		err = u.to.explain("write", u.name, err)
	}
	u.mu.Lock()
	u.err = err
	u.mu.Unlock()
}

// send writes the object once, from its beginning.
func (u *upload) send() error {
	ctx, cancel := context.WithCancel(u.ctx)
	defer cancel()
	out, err := u.to.bucket.NewWriter(ctx, u.name, writerOptions())
	if err != nil {
		return err
	}
	if err := u.copyTo(out); err != nil {
		cancel() // makes Close throw the object away
		return errors.Join(err, ignoreCanceled(out.Close()))
	}
	return out.Close()
}

func ignoreCanceled(err error) error {
	if errors.Is(err, context.Canceled) {
		return nil
	}
	return err
}

func (u *upload) copyTo(out *blob.Writer) error {
	buffer := make([]byte, 256<<10)
	for at := int64(0); ; {
		size, complete, stopped := u.await(at)
		switch {
		case stopped:
			return context.Canceled
		case at == size && complete:
			return nil
		}
		n, err := u.spool.ReadAt(buffer[:min(int64(len(buffer)), size-at)], at)
		if err != nil && !errors.Is(err, io.EOF) {
			return err
		}
		if _, err := out.Write(buffer[:n]); err != nil {
			return err
		}
		at += int64(n)
	}
}

// await returns when the file is longer than at, complete, or not wanted any more.
func (u *upload) await(at int64) (size int64, complete, stopped bool) {
	u.mu.Lock()
	defer u.mu.Unlock()
	for u.size == at && !u.complete && !u.stopped {
		u.grown.Wait()
	}
	return u.size, u.complete, u.stopped
}
