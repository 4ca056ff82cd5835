//go:build unix

package smallfile

import (
	"errors"
	"os"
	"path/filepath"
	"syscall"
	"testing"
)

// A file that calls itself regular may block like a pipe: /proc/kmsg does. An empty pipe stands for it here, because
// reading kmsg needs root and removes the messages for every other reader.
func TestAFileByNameIsNeverWaitedFor(t *testing.T) {
	t.Parallel()
	out, in, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _, _ = out.Close(), in.Close() })
	if _, err := in.WriteString("a line"); err != nil {
		t.Fatal(err)
	}
	if got, err := ReadFrom(unwaiting{out}, "kmsg", Max); !errors.Is(err, syscall.EAGAIN) {
		t.Errorf("%q, %v", got, err)
	}
	name := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(name, []byte("text"), 0o600); err != nil {
		t.Fatal(err)
	}
	if got, err := Read(name); string(got) != "text" || err != nil {
		t.Errorf("%q, %v", got, err)
	}
	if got, err := ReadFS(os.DirFS(filepath.Dir(name)), "file"); string(got) != "text" || err != nil {
		t.Errorf("%q, %v", got, err)
	}
}
