package backup

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"
)

// orphanAge is the age from which an archive without a manifest is not one that is being written any more.
const orphanAge = 24 * time.Hour

// Retention says which backups of a kind stay: the newest ones by number, and those younger than an age. A backup that
// either of them keeps stays. A zero value of one keeps nothing by it.
type Retention struct {
	Kind Kind
	Keep int           // number of the newest backups
	Age  time.Duration // of the backup's data
}

// Pruned lists the backups that Prune has deleted, or would delete.
type Pruned struct {
	Kept    []Manifest // the newest first
	Deleted []Manifest // the newest first
	Orphans []string   // objects of the kind that belong to no complete backup, older than a day
	Good    string     // the newest archive whose content is whole; it always stays
}

// errNoGoodBackup is returned by Prune when no archive is whole.
var errNoGoodBackup = errors.New("no backup is whole, so nothing is deleted: take a new one")

// Prune deletes the backups of a kind that the retention does not keep. It reads the newest archive first and compares its
// checksum; while that one is damaged it looks at the next. The newest whole archive stays whatever the retention says, and
// without one nothing is deleted. The manifest goes before its archive, so that a listing never has a backup without
// content. With dry nothing is changed.
func Prune(ctx context.Context, in Destination, r Retention, now time.Time, dry bool) (Pruned, error) {
	all, err := Manifests(ctx, in)
	if err != nil {
		return Pruned{}, fmt.Errorf("nothing is deleted, because the list of backups is not complete: %w", err)
	}
	all = slices.DeleteFunc(all, func(m Manifest) bool { return m.Kind != r.Kind })
	if len(all) == 0 {
		return Pruned{}, nil
	}
	p := Pruned{}
	if p.Good, err = newestWhole(ctx, in, all); err != nil {
		return Pruned{}, err
	}
	for i, m := range all {
		if i < r.Keep || (r.Age > 0 && now.Sub(m.Created) < r.Age) || m.Archive.Name == p.Good {
			p.Kept = append(p.Kept, m)
		} else {
			p.Deleted = append(p.Deleted, m)
		}
	}
	if p.Orphans, err = orphans(ctx, in, r.Kind, all, now); err != nil || dry {
		return p, err
	}
	return p, p.delete(ctx, in)
}

// newestWhole returns the newest archive whose content is the one of its manifest.
func newestWhole(ctx context.Context, in Destination, all []Manifest) (string, error) {
	var failed []error
	for _, m := range all {
		err := Check(ctx, in, m)
		switch {
		case err == nil:
			return m.Archive.Name, nil
		case errors.Is(err, errDiffers) || errors.Is(err, ErrNotFound):
			failed = append(failed, err)
		default: // it could not be read: that says nothing about the archive
			return "", fmt.Errorf("nothing is deleted: %w", err)
		}
	}
	return "", errors.Join(append([]error{errNoGoodBackup}, failed...)...)
}

// orphans returns the objects that an interrupted backup or an interrupted Prune left.
func orphans(ctx context.Context, in Destination, kind Kind, all []Manifest, now time.Time) ([]string, error) {
	complete := map[string]bool{}
	for _, m := range all {
		complete[m.Archive.Name] = true
	}
	objects, err := in.List(ctx)
	if err != nil {
		return nil, err
	}
	var left []string
	for _, o := range objects {
		ours := strings.HasPrefix(o.Name, string(kind)+"-") && strings.HasSuffix(o.Name, archiveSuffix)
		if ours && !complete[o.Name] && now.Sub(o.Modified) > orphanAge {
			left = append(left, o.Name)
		}
	}
	return left, nil
}

func (p Pruned) delete(ctx context.Context, in Destination) error {
	remove := func(name string) error {
		if err := in.Delete(ctx, name); err != nil && !errors.Is(err, ErrNotFound) {
			return fmt.Errorf("delete %s from %s: %w", name, in, err)
		}
		return nil
	}
	for _, m := range slices.Backward(p.Deleted) { // the oldest first
		if err := errors.Join(remove(ManifestName(m.Archive.Name)), remove(m.Archive.Name)); err != nil {
			return err
		}
	}
	for _, name := range p.Orphans {
		if err := remove(name); err != nil {
			return err
		}
	}
	return nil
}
