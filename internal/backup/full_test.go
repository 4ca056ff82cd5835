package backup_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/recipe-web-app/oauth2d/internal/backup"
)

// smallDisk returns a folder that takes 64 KiB.
func smallDisk(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	if out, err := exec.CommandContext(t.Context(), "mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", dir).CombinedOutput(); err != nil {
		t.Skipf("a small disk needs root: %s", out)
	}
	t.Cleanup(func() { _ = exec.Command("umount", "--lazy", dir).Run() }) //nolint:noctx // the test's context has ended
	return dir
}

func openFolder(t *testing.T, dir string) *backup.Folder {
	t.Helper()
	f, err := backup.OpenFolder(dir)
	if err != nil {
		t.Fatal(err)
	}
	return f
}

// nothing fails the test if a folder has a file, hidden ones included.
func nothing(t *testing.T, dir string) {
	t.Helper()
	left, err := os.ReadDir(dir)
	if err != nil || len(left) > 0 {
		t.Errorf("left %v: %v", left, err)
	}
}

// A disk that fills ends a backup, and a copy, with a sentence, and keeps nothing of it.
func TestAFullDiskKeepsNothing(t *testing.T) {
	t.Parallel()
	dir := smallDisk(t)
	full, good := openFolder(t, dir), openFolder(t, t.TempDir())
	_, err := backup.Create(t.Context(), backup.CreateOptions{Kind: backup.Auth, From: noise{}, To: full, Version: "1.2.3", Now: time.Now})
	if err == nil || !strings.Contains(err.Error(), dir+" is full") || !strings.Contains(err.Error(), "make room") {
		t.Error(err)
	}
	nothing(t, dir)
	lock, key := locked(t)
	m := take(t, good, lock, noise{})
	if err := backup.Copy(t.Context(), good, full, m); err == nil || !strings.Contains(err.Error(), dir+" is full") {
		t.Error(err)
	}
	nothing(t, dir)
	if err := verify(t, good, m.Archive.Name, key); err != nil {
		t.Errorf("the first archive: %v", err)
	}
}

// noise is a source of 200 KiB that do not compress.
type noise struct{}

func (noise) Copy(_ context.Context, to backup.Sink) (backup.Source, error) {
	value := make([]byte, 1<<10)
	random := rand.NewChaCha8([32]byte{})
	for i := range 200 {
		_, _ = random.Read(value) // it never fails
		if _, err := to.Begin(backup.Record{Key: fmt.Appendf(nil, "auth:access_token:%d", i), Version: 10}); err != nil {
			return backup.Source{}, err
		}
		if _, err := to.Write(value); err != nil {
			return backup.Source{}, err
		}
		if err := to.End(); err != nil {
			return backup.Source{}, err
		}
	}
	return backup.Source{Mode: "standalone", Redis: "7.0.15", Data: 1}, nil
}

// full is a destination that has no room for manifests, or no room that this user may use.
type full struct {
	backup.Destination

	why error
}

func (f full) Create(ctx context.Context, name string) (backup.Upload, error) {
	up, err := f.Destination.Create(ctx, name)
	if strings.HasSuffix(name, ".manifest.json") {
		return refusing{up, f.why}, err
	}
	return up, err
}

type refusing struct {
	backup.Upload

	why error
}

func (r refusing) Write([]byte) (int, error) {
	return 0, &os.PathError{Op: "write", Path: "archive", Err: r.why}
}

// A backup whose manifest finds no room is none: its archive is deleted.
func TestAManifestWithoutRoomKeepsNothing(t *testing.T) {
	t.Parallel()
	for why, want := range map[syscall.Errno]string{
		syscall.ENOSPC: " is full", syscall.EDQUOT: " is full", syscall.EFBIG: "takes no file as large as", syscall.EIO: "input/output error",
	} {
		dir := t.TempDir()
		_, err := backup.Create(t.Context(), backup.CreateOptions{Kind: backup.Auth, From: records(5), To: full{openFolder(t, dir), why}, Version: "1.2.3", Now: time.Now})
		if err == nil || !strings.Contains(err.Error(), want) || !strings.Contains(err.Error(), filepath.Base(dir)) {
			t.Errorf("%v, want %q", err, want)
		}
		nothing(t, dir)
	}
}
