package smallfile_test

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/recipe-web-app/oauth2d/internal/smallfile"
)

func TestF_N11_NoFileFillsMemory(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	write := func(name string, size int) string {
		name = filepath.Join(dir, name)
		if err := os.WriteFile(name, make([]byte, size), 0o600); err != nil {
			t.Fatal(err)
		}
		return name
	}
	full, over := write("full", smallfile.Max), write("over", smallfile.Max+1)
	if raw, err := smallfile.Read(full); err != nil || len(raw) != smallfile.Max {
		t.Errorf("a file of the greatest size: %d bytes, %v", len(raw), err)
	}
	fsys := func(name string) ([]byte, error) { return smallfile.ReadFS(os.DirFS(dir), filepath.Base(name)) }
	few := func(name string) ([]byte, error) { return smallfile.ReadUpTo(name, 4) }
	for _, c := range []struct {
		read func(string) ([]byte, error)
		name string
		want string
	}{
		{smallfile.Read, over, "read " + over + ": is larger than 1 MiB"},
		{few, full, "read " + full + ": is larger than 4 bytes"},
		{fsys, over, "read over: is larger than 1 MiB"},
	} {
		if raw, err := c.read(c.name); err == nil || err.Error() != c.want || raw != nil || !errors.Is(err, smallfile.ErrTooLarge) {
			t.Errorf("%s: %v, want %s", c.name, err, c.want)
		}
	}
	if _, err := smallfile.Read(filepath.Join(dir, "none")); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("no file: %v", err)
	}
	if _, err := smallfile.Read(dir); err == nil || !strings.Contains(err.Error(), "is a directory") {
		t.Errorf("a folder: %v", err)
	}
}
