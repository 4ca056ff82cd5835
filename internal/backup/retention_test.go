package backup

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

var noon = time.Date(2026, 11, 29, 12, 0, 0, 0, time.UTC) //nolint:gochecknoglobals // a moment

// keep stores a backup of so many days ago, and returns the name of its archive.
func keep(t *testing.T, to Destination, k Kind, days int) string {
	t.Helper()
	at := noon.Add(-time.Duration(days) * 24 * time.Hour)
	content := []byte("archive of " + at.String())
	m := Manifest{Kind: k, Created: at, Archive: &Stored{
		Name: archiveName(k, at, "aaaaaa"), Size: int64(len(content)), SHA256: hex.EncodeToString(sum(content)),
	}}
	up, err := to.Create(t.Context(), m.Archive.Name)
	if err != nil {
		t.Fatal(err)
	}
	_, _ = up.Write(content)
	if err := errors.Join(up.Commit(), writeManifest(t.Context(), to, m)); err != nil {
		t.Fatal(err)
	}
	return m.Archive.Name
}

func sum(content []byte) []byte {
	s := sha256.Sum256(content)
	return s[:]
}

func shelf(t *testing.T) (*Folder, string) {
	t.Helper()
	dir := t.TempDir()
	f, err := OpenFolder(dir)
	if err != nil {
		t.Fatal(err)
	}
	return f, dir
}

// left returns the names in a folder.
func left(t *testing.T, dir string) []string {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	names := []string{}
	for _, e := range entries {
		names = append(names, e.Name())
	}
	return names
}

// Prune keeps the newest by number, the young by age, and other kinds.
func TestPruneKeepsByNumberAndByAge(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		rule Retention
		kept int
	}{
		"number":        {Retention{Kind: Auth, Keep: 2}, 2},
		"age":           {Retention{Kind: Auth, Age: 73 * time.Hour}, 4},
		"either":        {Retention{Kind: Auth, Keep: 5, Age: 25 * time.Hour}, 5},
		"more than all": {Retention{Kind: Auth, Keep: 50}, 6},
		"nothing":       {Retention{Kind: Auth}, 1}, // the last good one
	} {
		to, dir := shelf(t)
		for days := range 6 {
			keep(t, to, Auth, days)
		}
		cache := keep(t, to, Cache, 90)
		would, err := Prune(t.Context(), to, c.rule, noon, true)
		if err != nil || len(left(t, dir)) != 14 {
			t.Fatalf("%s: a dry run left %d files: %v", name, len(left(t, dir)), err)
		}
		did, err := Prune(t.Context(), to, c.rule, noon, false)
		if err != nil || len(did.Kept) != c.kept || len(did.Deleted) != 6-c.kept || len(would.Deleted) != len(did.Deleted) {
			t.Errorf("%s: kept %d, deleted %d: %v", name, len(did.Kept), len(did.Deleted), err)
		}
		if files := left(t, dir); len(files) != 2*c.kept+2 || !slices.Contains(files, cache) {
			t.Errorf("%s: left %v", name, files)
		}
	}
}

// A damaged or missing newest archive does not count: the newest whole one stays, however old it is. Without a whole one,
// and when an archive cannot be read, nothing is deleted.
func TestPruneNeverDeletesTheLastGoodBackup(t *testing.T) {
	t.Parallel()
	to, dir := shelf(t)
	newest, second, good := keep(t, to, Auth, 0), keep(t, to, Auth, 1), keep(t, to, Auth, 40)
	keep(t, to, Auth, 50)
	if err := errors.Join(os.WriteFile(filepath.Join(dir, newest), []byte("garbage"), 0o600), os.Remove(filepath.Join(dir, second))); err != nil {
		t.Fatal(err)
	}
	did, err := Prune(t.Context(), to, Retention{Kind: Auth, Keep: 1, Age: time.Hour}, noon, false)
	if err != nil || did.Good != good {
		t.Fatalf("good is %s: %v", did.Good, err)
	}
	if files := left(t, dir); !slices.Contains(files, good) || !slices.Contains(files, ManifestName(good)) || len(did.Deleted) != 2 {
		t.Errorf("left %v", files)
	}
	if err := os.WriteFile(filepath.Join(dir, good), []byte("garbage"), 0o600); err != nil {
		t.Fatal(err)
	}
	before := left(t, dir)
	if _, err := Prune(t.Context(), to, Retention{Kind: Auth}, noon, false); !errors.Is(err, errNoGoodBackup) || !slices.Equal(before, left(t, dir)) {
		t.Errorf("without a whole archive: %v; left %v", err, left(t, dir))
	}
	if _, err := Prune(t.Context(), unreadable{to}, Retention{Kind: Auth}, noon, false); err == nil || !slices.Equal(before, left(t, dir)) {
		t.Errorf("an archive that cannot be read: %v", err)
	}
}

// unreadable is a destination that breaks when it is listed.
type unreadable struct{ Destination }

func (u unreadable) List(context.Context) ([]Object, error) { return nil, fs.ErrPermission }

// An archive without a manifest is removed when it is older than a day: before, it may be one that is being written.
func TestPruneRemovesInterruptedBackups(t *testing.T) {
	t.Parallel()
	to, dir := shelf(t)
	keep(t, to, Auth, 0)
	for name, at := range map[string]time.Time{
		archiveName(Auth, noon, "old"): noon.Add(-25 * time.Hour), archiveName(Auth, noon, "new"): noon.Add(-time.Hour), "auth-notes.txt": noon.Add(-99 * time.Hour),
	} {
		if err := errors.Join(os.WriteFile(filepath.Join(dir, name), nil, 0o600), os.Chtimes(filepath.Join(dir, name), at, at)); err != nil {
			t.Fatal(err)
		}
	}
	did, err := Prune(t.Context(), to, Retention{Kind: Auth, Keep: 7}, noon, false)
	if err != nil || len(did.Orphans) != 1 || !strings.Contains(did.Orphans[0], "old") || len(left(t, dir)) != 4 {
		t.Errorf("removed %v, left %v: %v", did.Orphans, left(t, dir), err)
	}
}

// The copy in the second destination is read back there. A damaged first archive, and a second destination that changes
// what it is given, leave no manifest in the second.
func TestCopyIsChecked(t *testing.T) {
	t.Parallel()
	from, dir := shelf(t)
	name := keep(t, from, Auth, 0)
	m, err := ReadManifest(t.Context(), from, name)
	if err != nil {
		t.Fatal(err)
	}
	second, secondDir := shelf(t)
	if err := Copy(t.Context(), from, second, m); err != nil {
		t.Fatal(err)
	}
	if files := left(t, secondDir); !slices.Equal(files, []string{ManifestName(name), name}) {
		t.Errorf("the second destination has %v", files)
	}
	lossy, lossyDir := shelf(t)
	err = Copy(t.Context(), from, forgetful{lossy}, m)
	if !errors.Is(err, errDiffers) || slices.Contains(left(t, lossyDir), ManifestName(name)) {
		t.Errorf("a destination that loses the end: %v; it has %v", err, left(t, lossyDir))
	}
	if err := os.WriteFile(filepath.Join(dir, name), []byte("garbage"), 0o600); err != nil {
		t.Fatal(err)
	}
	third, thirdDir := shelf(t)
	if err := Copy(t.Context(), from, third, m); !errors.Is(err, errDiffers) || len(left(t, thirdDir)) != 0 {
		t.Errorf("a damaged archive: %v; the copy has %v", err, left(t, thirdDir))
	}
}

// forgetful is a destination that stores less than it is given.
type forgetful struct{ Destination }

func (f forgetful) Create(ctx context.Context, name string) (Upload, error) {
	up, err := f.Destination.Create(ctx, name)
	return shortened{up}, err
}

type shortened struct{ Upload }

func (s shortened) Write(p []byte) (int, error) {
	_, err := s.Upload.Write(p[:len(p)-1])
	return len(p), err
}
