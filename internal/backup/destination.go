package backup

import (
	"context"
	"errors"
	"io"
	"time"
)

// ErrNotFound is returned by Open and Delete for an object that does not exist.
var ErrNotFound = errors.New("no such object")

// ErrExists is returned by Create for a name that is taken.
var ErrExists = errors.New("the object exists already")

// Destination is a place that keeps archives and their manifests: a folder or a bucket. Its methods are safe for
// concurrent use. Names have no folders and consist of letters, digits, dots, - and _.
type Destination interface {
	// Create begins an object. No reader sees it before Upload.Commit.
	Create(ctx context.Context, name string) (Upload, error)

	// Open returns the content of an object from its beginning.
	Open(ctx context.Context, name string) (io.ReadCloser, error)

	// List returns the committed objects, ordered by name.
	List(ctx context.Context) ([]Object, error)

	// Delete removes an object.
	Delete(ctx context.Context, name string) error

	// String names the destination in messages, without secrets.
	String() string
}

// Upload is an object that is being written, by one goroutine. It ends with either Commit or Abort.
type Upload interface {
	io.Writer

	// Commit makes the object visible, and returns after the destination has it durably. After an error the object does
	// not exist.
	Commit() error

	// Abort throws the object away. After Commit it does nothing.
	Abort()
}

// Object is one entry of a destination.
type Object struct {
	Name     string
	Size     int64 // bytes
	Modified time.Time
}
