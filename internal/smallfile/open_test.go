//go:build unix

package smallfile_test

import (
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/recipe-web-app/oauth2d/internal/smallfile"
)

// A named pipe without a writer must not block its reader, whatever the name is read for.
func TestF_N11_OnlyRegularFilesAreOpened(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	in := func(name string) string { return filepath.Join(dir, name) }
	if err := syscall.Mkfifo(in("pipe"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(in("pipe"), in("link")); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink("/dev/zero", in("zero")); err != nil {
		t.Fatal(err)
	}
	var config net.ListenConfig
	socket, err := config.Listen(t.Context(), "unix", in("socket"))
	if err != nil {
		t.Fatal(err)
	}
	defer socket.Close() //nolint:errcheck // of a test
	readers := map[string]func(string) ([]byte, error){
		"Read":   func(name string) ([]byte, error) { return smallfile.Read(in(name)) },
		"ReadFS": func(name string) ([]byte, error) { return smallfile.ReadFS(os.DirFS(dir), name) },
	}
	for name, want := range map[string]string{
		"pipe": "is a named pipe, not a regular file", "link": "is a named pipe, not a regular file",
		"zero": "is a device, not a regular file", "socket": "is a socket, not a regular file",
	} {
		for how, read := range readers {
			_, err := read(name)
			if !errors.Is(err, smallfile.ErrNotRegular) || smallfile.Cause(err).Error() != want || !strings.Contains(err.Error(), name) {
				t.Errorf("%s of %s: %v", how, name, err)
			}
		}
	}
}

// What a shell hands over is read: standard input by its name, and <(command).
func TestDescriptorsThatTheShellHandsOverAreRead(t *testing.T) {
	t.Parallel()
	for _, form := range []string{"/dev/fd/%d", "/proc/self/fd/%d"} {
		t.Run(form, func(t *testing.T) {
			out, in, err := os.Pipe()
			if err != nil {
				t.Fatal(err)
			}
			name := fmt.Sprintf(form, out.Fd())
			if _, err := os.Stat(name); err != nil {
				t.Skip("this system names no open files")
			}
			if _, err := in.WriteString("a: 1\n"); err != nil {
				t.Fatal(err)
			}
			_ = in.Close()
			if raw, err := smallfile.Read(name); err != nil || string(raw) != "a: 1\n" {
				t.Errorf("%s: %q, %v", form, raw, err)
			}
			_ = out.Close()
		})
	}
	if raw, err := smallfile.Read(os.DevNull); err != nil || len(raw) != 0 {
		t.Errorf("%s: %q, %v", os.DevNull, raw, err)
	}
}
