package backup

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"strings"
	"syscall"
	"time"
)

// Progress counts the work that a backup or a restore has done.
type Progress struct {
	Keys   int64 // records
	Bytes  int64 // of their values
	Stored int64 // bytes of the archive
}

// CreateOptions describe a backup.
type CreateOptions struct {
	Kind     Kind
	From     Origin
	To       Destination
	Lock     Lock
	Version  string           // of this program
	Now      func() time.Time // the clock
	Progress func(Progress)   // is called every thousand records; nil: never
}

// Create takes a backup. The archive becomes visible when it is complete, and its manifest after it; after an error
// neither exists. Two backups at the same time write two archives.
func Create(ctx context.Context, o CreateOptions) (Manifest, error) {
	m := Manifest{Format: Format, Version: o.Version, Kind: o.Kind, Created: o.Now().UTC().Truncate(time.Millisecond), Encryption: o.Lock.name()}
	name := archiveName(o.Kind, m.Created, strings.ToLower(rand.Text()[:6]))
	up, err := o.To.Create(ctx, name)
	if err != nil {
		return m, o.writing(name, err)
	}
	defer up.Abort()
	w, err := newArchiveWriter(up, header{
		Format: Format, Kind: o.Kind, Created: m.Created.Format(time.RFC3339Nano), Version: o.Version, Encryption: m.Encryption,
	}, o.Lock)
	if err != nil {
		return m, o.writing(name, err)
	}
	if o.Progress != nil {
		w.step = func(keys, bytes, stored int64) { o.Progress(Progress{keys, bytes, stored}) }
	}
	m.Source, err = o.From.Copy(ctx, w)
	switch {
	case w.err != nil: // the source reports it as its own
		return m, o.writing(name, w.err)
	case err != nil:
		return m, err
	}
	m.Finished = o.Now().UTC().Truncate(time.Millisecond)
	if err := w.finish(&m); err != nil {
		return m, o.writing(name, err)
	}
	if err := up.Commit(); err != nil {
		return m, o.writing(name, err)
	}
	m.Archive = w.stored(name)
	if err := writeManifest(ctx, o.To, m); err != nil {
		err = o.writing(ManifestName(name), err)
		if left := o.To.Delete(context.WithoutCancel(ctx), name); left != nil {
			err = fmt.Errorf("%w; the archive %s without its manifest is left, because it could not be deleted: %w", err, name, left)
		}
		return m, err
	}
	return m, nil
}

func (o CreateOptions) writing(name string, err error) error { return writing(o.To, name, err) }

// writing returns the reason why an object could not be written, and what to do.
func writing(to Destination, name string, err error) error {
	switch {
	case errors.Is(err, syscall.ENOSPC), errors.Is(err, syscall.EDQUOT):
		return fmt.Errorf("%s is full, so %s was thrown away: make room (oauth2d backup prune), or use another place: %w", to, name, err)
	case errors.Is(err, syscall.EFBIG):
		return fmt.Errorf("%s takes no file as large as %s, which was thrown away: raise the limit (ulimit -f), or use another place: %w", to, name, err)
	}
	return fmt.Errorf("write %s to %s: %w", name, to, err)
}
