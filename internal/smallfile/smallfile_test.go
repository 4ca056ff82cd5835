package smallfile_test

import (
	"errors"
	"fmt"
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

func TestF_P12_EmptyDocumentsAreNothing(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]int{
		"": 0, "# nothing\n": 0, "---\n": 0, "---\n---\n": 0, "a: 1\n---\n": 1, "a: 1\n---\n# end\n...\n": 1,
		"---\n---\na: 1\n": 1, "---\na: 1\n---\nnull\n---\nb: 1\n---\n": 2,
	} {
		all, err := smallfile.Documents([]byte(text), 10)
		if err != nil || len(all) != want {
			t.Errorf("%q: %d documents, %v, want %d", text, len(all), err, want)
		}
	}
}

// Text that grows without bound when its aliases are followed is refused, however it grows.
func TestF_P12_AliasesAreBounded(t *testing.T) {
	t.Parallel()
	list := func(form string) string { // each line names the one before it nine times
		text := "a0: &a0 {k: v}\n"
		for i := range 12 {
			names := strings.TrimSuffix(strings.Repeat(fmt.Sprintf("*a%d, ", i), 9), ", ")
			text += fmt.Sprintf("a%d: &a%d "+form+"\n", i+1, i+1, names)
		}
		return text
	}
	chain := "a0: &a0 {k: v}\n"
	for i := range 200 {
		chain += fmt.Sprintf("a%d: &a%d {<<: *a%d}\n", i+1, i+1, i)
	}
	for name, text := range map[string]string{
		"lists":         list("[%s]"),
		"merges":        list("{<<: [%s]}"),
		"members":       list("{m: [%s]}"),
		"empty merges":  "e: &e {}\nb: &b {<<: [" + strings.Repeat("*e, ", 2000) + "*e]}\nc: [" + strings.Repeat("*b, ", 2000) + "*b]\n",
		"itself":        "a: &a {b: *a}\n",
		"merges itself": "a: &a {<<: *a}\n",
		"a chain":       chain,
		"deep":          strings.Repeat("[", 200) + strings.Repeat("]", 200),
	} {
		if _, err := smallfile.Documents([]byte(text), 100_000); err == nil {
			t.Errorf("%s: accepted", name)
		}
	}
	plain := strings.Repeat("- {a: b}\n", 10_000)
	if _, err := smallfile.Documents([]byte(plain), 10); err != nil {
		t.Errorf("a long text without aliases: %v", err)
	}
}
