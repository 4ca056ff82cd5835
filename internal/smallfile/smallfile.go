package smallfile

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path/filepath"
)

// Max bounds the bytes that Read and ReadFS accept.
const Max = 1 << 20

// ErrTooLarge is the cause of an error that refuses a file for its size.
var ErrTooLarge = errors.New("too large")

// Read returns the content of a file of at most Max bytes. Every error names the file.
func Read(name string) ([]byte, error) { return ReadUpTo(name, Max) }

// ReadUpTo returns the content of a file of at most limit bytes. Every error names the file.
func ReadUpTo(name string, limit int) ([]byte, error) {
	file, err := open(name)
	if err != nil {
		return nil, err
	}
	defer file.Close() //nolint:errcheck // it was only read
	return ReadFrom(file, name, limit)
}

// ReadFS is Read for a file system.
func ReadFS(from fs.FS, name string) ([]byte, error) {
	file, err := openFS(from, filepath.ToSlash(name))
	if err != nil {
		return nil, err
	}
	defer file.Close() //nolint:errcheck // it was only read
	return ReadFrom(file, name, Max)
}

// ReadFrom returns all that a reader yields, at most limit bytes. It counts what it reads, because a pipe has no size.
// The error contains name.
func ReadFrom(r io.Reader, name string, limit int) ([]byte, error) {
	raw, err := io.ReadAll(io.LimitReader(r, int64(limit)+1))
	if err != nil {
		return nil, &fs.PathError{Op: "read", Path: name, Err: Cause(err)}
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

// tooLargeError is an ErrTooLarge that names the bound.
type tooLargeError int

func (l tooLargeError) Error() string {
	const mebi = 1 << 20
	if l%mebi == 0 {
		return fmt.Sprintf("is larger than %d MiB", int(l/mebi))
	}
	return fmt.Sprintf("is larger than %d bytes", int(l))
}

func (tooLargeError) Is(target error) bool { return target == ErrTooLarge }
