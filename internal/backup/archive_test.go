package backup_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/recipe-web-app/oauth2d/internal/backup"
)

// records is a source with as many records as it says, of 1 KiB each, and one of a megabyte.
type records int

func (n records) Copy(ctx context.Context, to backup.Sink) (backup.Source, error) {
	put := func(key string, value []byte) error {
		if wanted, err := to.Begin(backup.Record{Key: []byte(key), Version: 10}); err != nil || !wanted {
			return err
		}
		if _, err := to.Write(value); err != nil {
			return err
		}
		return to.End()
	}
	for i := range int(n) {
		if err := errors.Join(ctx.Err(), put(fmt.Sprintf("auth:access_token:%d", i), fmt.Appendf(nil, "%1024d", i*i*7919))); err != nil {
			return backup.Source{}, err
		}
	}
	return backup.Source{Mode: "standalone", Redis: "7.0.15", Data: 1}, put("auth:users", bytes.Repeat([]byte("0123456789"), 100_000))
}

const passphrase = "a passphrase of some length"

func locked(t *testing.T) (backup.Lock, backup.Key) {
	t.Helper()
	identity, recipient, err := backup.NewKeyPair()
	if err != nil {
		t.Fatal(err)
	}
	lock, err := backup.LockTo([]string{recipient})
	if err != nil {
		t.Fatal(err)
	}
	key, err := backup.KeyFrom([]byte("# a comment\n" + identity.Reveal() + "\n"))
	if err != nil {
		t.Fatal(err)
	}
	return lock, key
}

func newFolder(t *testing.T) (*backup.Folder, string) {
	t.Helper()
	dir := t.TempDir()
	f, err := backup.OpenFolder(dir)
	if err != nil {
		t.Fatal(err)
	}
	return f, dir
}

func take(t *testing.T, to backup.Destination, lock backup.Lock, from backup.Origin) backup.Manifest {
	t.Helper()
	m, err := backup.Create(t.Context(), backup.CreateOptions{Kind: backup.Auth, From: from, To: to, Lock: lock, Version: "1.2.3", Now: time.Now})
	if err != nil {
		t.Fatal(err)
	}
	return m
}

func verify(t *testing.T, in backup.Destination, name string, key backup.Key) error {
	t.Helper()
	_, err := backup.Verify(t.Context(), in, name, key, nil)
	return err
}

func TestAnArchiveIsEncrypted(t *testing.T) {
	t.Parallel()
	recipientLock, identityKey := locked(t)
	otherLock, otherKey := locked(t)
	phraseLock, err := backup.LockWith(passphrase)
	if err != nil {
		t.Fatal(err)
	}
	phraseKey, err := backup.KeyOf(passphrase)
	if err != nil {
		t.Fatal(err)
	}
	wrongPhrase, err := backup.KeyOf("another passphrase")
	if err != nil {
		t.Fatal(err)
	}
	f, dir := newFolder(t)
	for name, row := range map[string]struct {
		lock backup.Lock
		key  backup.Key
		want error
	}{
		"its identity":               {recipientLock, identityKey, nil},
		"another identity":           {recipientLock, otherKey, backup.ErrOtherKey},
		"no key":                     {otherLock, backup.Key{}, backup.ErrNoKey},
		"a passphrase for a key":     {recipientLock, phraseKey, backup.ErrOtherKey},
		"its passphrase":             {phraseLock, phraseKey, nil},
		"another passphrase":         {phraseLock, wrongPhrase, backup.ErrOtherKey},
		"an identity for plain text": {backup.Lock{}, identityKey, nil},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			m := take(t, f, row.lock, records(100))
			err := verify(t, f, m.Archive.Name, row.key)
			if !errors.Is(err, row.want) || (err != nil) != backup.Refused(err) {
				t.Errorf("%v, want %v", err, row.want)
			}
			raw, err := os.ReadFile(filepath.Join(dir, m.Archive.Name))
			if err != nil || row.lock.Encrypts() && bytes.Contains(raw, []byte("access_token")) {
				t.Errorf("the names of keys can be read: %v", err)
			}
		})
	}
	if _, err := backup.LockWith("short"); err == nil {
		t.Error("a short passphrase is accepted")
	}
	if _, err := backup.LockTo([]string{"age1nonsense"}); err == nil {
		t.Error("a recipient that is none is accepted")
	}
}

// Every kind of damage is refused, at every place of the archive.
func TestADamagedArchiveIsRefused(t *testing.T) {
	t.Parallel()
	lock, key := locked(t)
	for name, l := range map[string]backup.Lock{"encrypted": lock, "plain": {}} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f, dir := newFolder(t)
			m := take(t, f, l, records(300))
			whole, err := os.ReadFile(filepath.Join(dir, m.Archive.Name))
			if err != nil {
				t.Fatal(err)
			}
			file := filepath.Join(dir, "copy.oauth2d")
			cut := backup.ErrCut
			if l.Encrypts() {
				cut = backup.ErrDamaged // age reports both alike
			}
			refuses := func(what string, raw []byte, want ...error) {
				t.Helper()
				if err := os.WriteFile(file, raw, 0o600); err != nil {
					t.Fatal(err)
				}
				err := verify(t, f, "copy.oauth2d", key)
				for _, one := range want {
					if errors.Is(err, one) {
						return
					}
				}
				t.Errorf("%s: %v, want %v", what, err, want)
			}
			for _, at := range []int{1, 10, len("oauth2d-backup {"), 200, len(whole) / 2, len(whole) - 40, len(whole) - 1} {
				refuses(fmt.Sprintf("cut at %d", at), whole[:at], backup.ErrCut, cut)
				changed := bytes.Clone(whole)
				changed[at] ^= 0x20
				refuses(fmt.Sprintf("changed at %d", at), changed, backup.ErrDamaged, backup.ErrForeign, backup.ErrOtherKey, backup.ErrFormat, backup.ErrCut)
			}
			refuses("something follows", append(bytes.Clone(whole), "more"...), backup.ErrDamaged)
			refuses("empty", nil, backup.ErrForeign)
			refuses("foreign", []byte("REDIS0010\xfa\tredis-ver"), backup.ErrForeign)
			refuses("foreign and long", bytes.Repeat([]byte("x"), 100_000), backup.ErrForeign)
			refuses("newer", bytes.Replace(whole, []byte(`"format":1`), []byte(`"format":2`), 1), backup.ErrFormat)
			refuses("older", bytes.Replace(whole, []byte(`"format":1`), []byte(`"format":0`), 1), backup.ErrFormat)
			refuses("another kind in its first line", bytes.Replace(whole, []byte(`"kind":"auth"`), []byte(`"kind":"cach"`), 1), backup.ErrDamaged)
		})
	}
}

// The manifest beside an archive names its digest.
func TestAnExchangedArchiveIsRefused(t *testing.T) {
	t.Parallel()
	f, dir := newFolder(t)
	a, b := take(t, f, backup.Lock{}, records(10)), take(t, f, backup.Lock{}, records(20))
	if err := os.Rename(filepath.Join(dir, b.Archive.Name), filepath.Join(dir, a.Archive.Name)); err != nil {
		t.Fatal(err)
	}
	if err := verify(t, f, a.Archive.Name, backup.Key{}); !errors.Is(err, backup.ErrDamaged) {
		t.Error(err)
	}
	if err := verify(t, f, b.Archive.Name, backup.Key{}); !errors.Is(err, backup.ErrNotFound) {
		t.Error(err)
	}
}

func TestTwoBackupsAtOnceAreTwoArchives(t *testing.T) {
	t.Parallel()
	f, _ := newFolder(t)
	var all sync.WaitGroup
	for range 4 {
		all.Go(func() { take(t, f, backup.Lock{}, records(500)) })
	}
	all.Wait()
	found, err := backup.Manifests(t.Context(), f)
	if err != nil || len(found) != 4 {
		t.Fatal(len(found), err)
	}
	for _, m := range found {
		if err := verify(t, f, m.Archive.Name, backup.Key{}); err != nil || m.Keys != 501 {
			t.Error(m.Keys, err)
		}
	}
}

// broken is a source that ends in the middle.
type broken struct{ records }

var errAway = errors.New("the server is away")

func (b broken) Copy(ctx context.Context, to backup.Sink) (backup.Source, error) {
	_, err := b.records.Copy(ctx, to)
	return backup.Source{}, errors.Join(err, errAway)
}

func TestAnUnfinishedBackupLeavesNothing(t *testing.T) {
	t.Parallel()
	f, dir := newFolder(t)
	_, err := backup.Create(t.Context(), backup.CreateOptions{Kind: backup.Auth, From: broken{10}, To: f, Version: "1.2.3", Now: time.Now})
	if !errors.Is(err, errAway) {
		t.Error(err)
	}
	if left, err := os.ReadDir(dir); err != nil || len(left) != 0 {
		t.Errorf("%v, %v", left, err)
	}
}

// failing is a destination that fails in the middle of reading.
type failing struct{ backup.Destination }

type failingReader struct{ io.Reader }

func (failingReader) Close() error { return nil }

func (f failing) Open(ctx context.Context, name string) (io.ReadCloser, error) {
	in, err := f.Destination.Open(ctx, name)
	return failingReader{io.MultiReader(io.LimitReader(in, 700), errorReader{})}, err
}

type errorReader struct{}

func (errorReader) Read([]byte) (int, error) { return 0, errAway }

// An error of the destination is reported as such, and not as damage of the archive.
func TestAFailingDestinationIsNamed(t *testing.T) {
	t.Parallel()
	f, _ := newFolder(t)
	m := take(t, f, backup.Lock{}, records(300))
	err := verify(t, failing{f}, m.Archive.Name, backup.Key{})
	if !errors.Is(err, errAway) || errors.Is(err, backup.ErrDamaged) || !strings.Contains(err.Error(), "cannot be read") {
		t.Error(err)
	}
}
