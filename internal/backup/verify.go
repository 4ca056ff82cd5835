package backup

import (
	"context"
	"errors"
	"fmt"
	"io"
)

// Verified is the result of Verify.
type Verified struct {
	Manifest

	// Listed is false when there is no manifest beside the archive: then the archive is whole, but listings leave it out.
	Listed bool
}

// Verify reads an archive to its end and compares every checksum and count, and the manifest beside it. Nothing is
// written.
func Verify(ctx context.Context, from Destination, name string, key Key, progress func(Progress)) (Verified, error) {
	r, err := openArchive(ctx, from, name, key)
	if err != nil {
		return Verified{}, refused(from, name, err)
	}
	defer r.close()
	if err := r.all(progress, nil); err != nil {
		return Verified{}, refused(from, name, err)
	}
	v := Verified{Manifest: r.end}
	v.Archive = &Stored{Name: name, Size: r.outer.size, SHA256: r.digest()}
	beside, err := ReadManifest(ctx, from, name)
	if errors.Is(err, ErrNotFound) {
		return v, nil
	}
	if err != nil {
		return Verified{}, err
	}
	if *beside.Archive != *v.Archive {
		return Verified{}, refused(from, name, fmt.Errorf("%w: %s names SHA-256 %s and %d bytes, and the archive has %s and %d",
			ErrDamaged, ManifestName(name), beside.Archive.SHA256, beside.Archive.Size, v.Archive.SHA256, v.Archive.Size))
	}
	v.Listed = true
	return v, nil
}

// refused names the archive before the reason.
func refused(from Destination, name string, err error) error {
	if errors.Is(err, ErrNotFound) {
		return fmt.Errorf("%s has no archive %s (%w): oauth2d backup list shows those it has", from, name, ErrNotFound)
	}
	return &refusal{fmt.Errorf("%s in %s is refused: %w", name, from, err)}
}

// all reads to the end. use gets every record, and may leave its value; nil: all are only read.
func (r *archiveReader) all(progress func(Progress), use func(e *entry) error) error {
	for {
		e, err := r.next()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		if use != nil {
			err = use(&e)
		} else {
			err = e.chunks(func([]byte) error { return nil })
		}
		if err != nil {
			return err
		}
		if progress != nil && r.keys%1024 == 0 {
			progress(Progress{Keys: r.keys, Bytes: r.bytes, Stored: r.outer.size})
		}
	}
}
