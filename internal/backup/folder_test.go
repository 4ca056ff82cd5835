package backup_test

import (
	"errors"
	"io"
	"os"
	"path/filepath"
	"testing"

	"github.com/recipe-web-app/oauth2d/internal/backup"
)

func TestAFolderShowsCommittedFilesOnly(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	f, err := backup.OpenFolder(dir)
	if err != nil {
		t.Fatal(err)
	}
	up, err := f.Create(t.Context(), "a.oauth2d")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := f.Create(t.Context(), "a.oauth2d"); !errors.Is(err, backup.ErrExists) {
		t.Errorf("a second writer of one name: %v", err)
	}
	if _, err := up.Write([]byte("content")); err != nil {
		t.Fatal(err)
	}
	if all, err := f.List(t.Context()); err != nil || len(all) != 0 {
		t.Errorf("before the commit: %v, %v", all, err)
	}
	if err := up.Commit(); err != nil {
		t.Fatal(err)
	}
	up.Abort()
	if _, err := f.Create(t.Context(), "a.oauth2d"); !errors.Is(err, backup.ErrExists) {
		t.Errorf("a name that is taken: %v", err)
	}
	in, err := f.Open(t.Context(), "a.oauth2d")
	if err != nil {
		t.Fatal(err)
	}
	if got, err := io.ReadAll(in); err != nil || string(got) != "content" {
		t.Errorf("%q, %v", got, err)
	}
	_ = in.Close()
	info, err := os.Stat(filepath.Join(dir, "a.oauth2d"))
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("%v, %v", info, err)
	}
	if err := f.Delete(t.Context(), "a.oauth2d"); err != nil {
		t.Error(err)
	}
	_, err = f.Open(t.Context(), "a.oauth2d")
	if !errors.Is(err, backup.ErrNotFound) || !errors.Is(f.Delete(t.Context(), "a.oauth2d"), backup.ErrNotFound) {
		t.Errorf("deleted: %v", err)
	}
}

func TestAnAbortedFileLeavesNothing(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	f, err := backup.OpenFolder(dir)
	if err != nil {
		t.Fatal(err)
	}
	up, err := f.Create(t.Context(), "a.oauth2d")
	if err != nil {
		t.Fatal(err)
	}
	up.Abort()
	if left, err := os.ReadDir(dir); err != nil || len(left) != 0 {
		t.Errorf("%v, %v", left, err)
	}
	if _, err := backup.OpenFolder(filepath.Join(dir, "missing")); err == nil {
		t.Error("a folder that does not exist is accepted")
	}
}
