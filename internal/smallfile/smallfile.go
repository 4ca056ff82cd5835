// Package smallfile reads the files that settings and command lines name. Somebody else chose the name: it
// may be a device, a pipe or a huge file. All of them are read up to a bound, so that no name fills memory.
package smallfile

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
)

// Max is how many bytes Read and ReadFS accept.
const Max = 1 << 20

// ErrTooLarge is why a file was not read to its end.
var ErrTooLarge = errors.New("too large")

// Read returns the content of a file of at most Max bytes. Every error names the file.
func Read(name string) ([]byte, error) { return ReadUpTo(name, Max) }

// ReadUpTo returns the content of a file of at most limit bytes. Every error names the file.
func ReadUpTo(name string, limit int) ([]byte, error) {
	file, err := os.Open(name) //nolint:gosec // G304: the operator names this file
	if err != nil {
		return nil, err
	}
	defer file.Close() //nolint:errcheck // it was only read
	return ReadFrom(file, name, limit)
}

// ReadFS is Read for a file system.
func ReadFS(from fs.FS, name string) ([]byte, error) {
	file, err := from.Open(filepath.ToSlash(name))
	if err != nil {
		return nil, err
	}
	defer file.Close() //nolint:errcheck // it was only read
	return ReadFrom(file, name, Max)
}

// ReadFrom returns all that a reader yields, at most limit bytes. What is read is counted, because a device
// or a pipe states no size. name stands in the error.
func ReadFrom(r io.Reader, name string, limit int) ([]byte, error) {
	raw, err := io.ReadAll(io.LimitReader(r, int64(limit)+1))
	if err != nil {
		return nil, err
	}
	if len(raw) > limit {
		return nil, &fs.PathError{Op: "read", Path: name, Err: tooLargeError(limit)}
	}
	return raw, nil
}

// Cause returns why a file could not be read, without the file's name.
func Cause(err error) error {
	if path, ok := errors.AsType[*fs.PathError](err); ok {
		return path.Err
	}
	return err
}

// tooLargeError is an ErrTooLarge that says the bound.
type tooLargeError int

func (l tooLargeError) Error() string {
	const mebi = 1 << 20
	if l%mebi == 0 {
		return fmt.Sprintf("is larger than %d MiB", int(l/mebi))
	}
	return fmt.Sprintf("is larger than %d bytes", int(l))
}

func (tooLargeError) Is(target error) bool { return target == ErrTooLarge }
