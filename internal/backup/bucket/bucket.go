package bucket

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"cloud.google.com/go/storage"
	"gocloud.dev/blob"
	"gocloud.dev/gcerrors"

	"github.com/recipe-web-app/oauth2d/internal/backup"
)

const (
	// partSize is the size of one request of an upload, which is repeated after an error. S3 takes 10 000 parts: 80 GB.
	partSize = 8 << 20
	// parallelParts bounds the memory of an upload.
	parallelParts = 2
	// gcsRetryFor bounds the time in which Google's library repeats one part.
	gcsRetryFor = 4 * time.Minute
)

// Bucket is a destination in a bucket, or below a prefix of it.
type Bucket struct {
	bucket        *blob.Bucket
	shown         string
	restartPauses []time.Duration
}

// String implements backup.Destination.
func (b *Bucket) String() string { return b.shown }

// Create implements backup.Destination. It asks for the object first, so that wrong credentials and a missing bucket are
// found before Redis is read.
func (b *Bucket) Create(ctx context.Context, name string) (backup.Upload, error) {
	exists, err := b.bucket.Exists(ctx, name)
	if err != nil {
		return nil, b.explain("look for", name, err)
	}
	if exists {
		return nil, fmt.Errorf("%s: %w", name, backup.ErrExists)
	}
	if _, err := b.page(ctx, nil, 1); err != nil { // says that the bucket is missing, where Exists says no
		return nil, err
	}
	return newUpload(ctx, b, name)
}

// Open implements backup.Destination.
func (b *Bucket) Open(ctx context.Context, name string) (io.ReadCloser, error) {
	in, err := b.bucket.NewReader(ctx, name, nil)
	if err != nil {
		return nil, b.explain("read", name, err)
	}
	return in, nil
}

// List implements backup.Destination. Objects below further prefixes are not among them.
func (b *Bucket) List(ctx context.Context) ([]backup.Object, error) {
	var all []backup.Object
	for token := blob.FirstPageToken; token != nil; {
		page, err := b.page(ctx, token, 1000)
		if err != nil {
			return nil, err
		}
		for _, o := range page.objects {
			if !o.IsDir && !strings.Contains(o.Key, "/") {
				all = append(all, backup.Object{Name: o.Key, Size: o.Size, Modified: o.ModTime})
			}
		}
		token = page.next
	}
	return all, nil
}

type listPage struct {
	objects []*blob.ListObject
	next    []byte
}

func (b *Bucket) page(ctx context.Context, token []byte, size int) (listPage, error) {
	if token == nil {
		token = blob.FirstPageToken
	}
	objects, next, err := b.bucket.ListPage(ctx, token, size, &blob.ListOptions{Delimiter: "/"})
	if err != nil {
		return listPage{}, b.explain("list", "the objects", err)
	}
	if len(next) == 0 {
		next = nil
	}
	return listPage{objects, next}, nil
}

// Delete implements backup.Destination. S3 does not report whether there was an object, so Delete asks first.
func (b *Bucket) Delete(ctx context.Context, name string) error {
	exists, err := b.bucket.Exists(ctx, name)
	if err == nil && !exists {
		return fmt.Errorf("%s: %w", name, backup.ErrNotFound)
	}
	if err == nil {
		err = b.bucket.Delete(ctx, name)
	}
	if err != nil {
		return b.explain("delete", name, err)
	}
	return nil
}

// explain adds to an error what was tried and, where the cloud said why, what to do.
func (b *Bucket) explain(verb, name string, err error) error {
	hint := ""
	switch gcerrors.Code(err) {
	case gcerrors.NotFound:
		if verb == "read" || verb == "delete" {
			return fmt.Errorf("%s: %w", name, backup.ErrNotFound)
		}
		hint = "; the bucket does not exist, create it first"
	case gcerrors.PermissionDenied:
		hint = "; the credentials in the environment do not allow it"
	default:
	}
	if errors.Is(err, context.Canceled) {
		return err
	}
	return fmt.Errorf("cannot %s %s in %s%s: %w", verb, name, b.shown, hint, err)
}

// final reports whether an error would be the same at a second attempt.
func final(err error) bool {
	switch gcerrors.Code(err) {
	case gcerrors.NotFound, gcerrors.PermissionDenied, gcerrors.InvalidArgument, gcerrors.FailedPrecondition, gcerrors.Unimplemented:
		return true
	default:
		return errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded)
	}
}

// writerOptions bounds the memory of an upload. By default Google's library repeats a part for 32 s only.
func writerOptions() *blob.WriterOptions {
	return &blob.WriterOptions{
		BufferSize: partSize, MaxConcurrency: parallelParts, ContentType: "application/octet-stream",
		BeforeWrite: func(as func(any) bool) error {
			var gcs *storage.Writer
			if as(&gcs) {
				gcs.ChunkRetryDeadline = gcsRetryFor
			}
			return nil
		},
	}
}
