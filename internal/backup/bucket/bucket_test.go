package bucket_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/johannesboyne/gofakes3"
	"github.com/johannesboyne/gofakes3/backend/s3mem"

	"github.com/recipe-web-app/oauth2d/internal/backup"
	"github.com/recipe-web-app/oauth2d/internal/backup/bucket"
)

// cloud is a server that speaks S3, behind a front that can break connections.
type cloud struct {
	url    string
	broken atomic.Int64 // requests that the front still breaks
	parts  atomic.Int64 // parts that reached the front
	fail   func(*http.Request) bool
}

func startCloud(t *testing.T) *cloud {
	t.Helper()
	for name, value := range map[string]string{"AWS_ACCESS_KEY_ID": "id", "AWS_SECRET_ACCESS_KEY": "secret", "AWS_EC2_METADATA_DISABLED": "true"} {
		t.Setenv(name, value)
	}
	backend := s3mem.New()
	if err := backend.CreateBucket("backups"); err != nil {
		t.Fatal(err)
	}
	s3 := httptest.NewServer(gofakes3.New(backend).Server())
	t.Cleanup(s3.Close)
	to, err := url.Parse(s3.URL)
	if err != nil {
		t.Fatal(err)
	}
	c := &cloud{}
	proxy := httputil.NewSingleHostReverseProxy(to)
	front := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Query().Get("partNumber") != "" {
			c.parts.Add(1)
		}
		if c.fail != nil && c.fail(r) && c.broken.Add(-1) >= 0 {
			_, _ = io.CopyN(io.Discard, r.Body, 1<<20)
			panic(http.ErrAbortHandler) // in the middle of the request
		}
		proxy.ServeHTTP(w, r)
	}))
	front.Config.ErrorLog = nil
	t.Cleanup(front.Close)
	c.url = "?region=eu-central-1&use_path_style=true&endpoint=" + url.QueryEscape(front.URL)
	return c
}

func (c *cloud) open(t *testing.T, location string) backup.Destination {
	t.Helper()
	d, closing, err := bucket.Open(t.Context(), location+c.url)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = closing() })
	return d
}

func noise(size int) []byte {
	all := make([]byte, size)
	rnd := rand.NewChaCha8([32]byte{1})
	_, _ = rnd.Read(all)
	return all
}

func put(ctx context.Context, to backup.Destination, name string, content []byte) error {
	up, err := to.Create(ctx, name)
	if err != nil {
		return err
	}
	defer up.Abort()
	for len(content) > 0 {
		n, err := up.Write(content[:min(len(content), 100_000)])
		if err != nil {
			return err
		}
		content = content[n:]
	}
	return up.Commit()
}

func get(t *testing.T, from backup.Destination, name string) []byte {
	t.Helper()
	in, err := from.Open(t.Context(), name)
	if err != nil {
		t.Fatal(err)
	}
	defer in.Close()
	all, err := io.ReadAll(in)
	if err != nil {
		t.Fatal(err)
	}
	return all
}

// A bucket keeps what a folder keeps: nothing before Commit, the objects of its own prefix only, no second object of a name.
func TestBucketIsADestination(t *testing.T) {
	c := startCloud(t)
	b, other := c.open(t, "s3://backups/oauth2d/auth"), c.open(t, "s3://backups")
	ctx := t.Context()
	if b.String() != "s3://backups/oauth2d/auth" {
		t.Errorf("it is called %s", b)
	}
	small, big := []byte("small"), noise(21<<20)
	if err := errors.Join(put(ctx, b, "b", big), put(ctx, b, "a", small), put(ctx, other, "z", small)); err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(get(t, b, "b"), big) || !bytes.Equal(get(t, b, "a"), small) {
		t.Error("the content is not that which was written")
	}
	if err := put(ctx, b, "a", big); !errors.Is(err, backup.ErrExists) {
		t.Errorf("a second object of the same name: %v", err)
	}
	up, err := b.Create(ctx, "aborted")
	if err != nil {
		t.Fatal(err)
	}
	_, _ = up.Write(big)
	up.Abort()
	objects, err := b.List(ctx)
	if err != nil || len(objects) != 2 || objects[0].Name != "a" || objects[0].Size != 5 || objects[1].Name != "b" {
		t.Errorf("listed %v: %v", objects, err)
	}
	if _, err := b.Open(ctx, "aborted"); !errors.Is(err, backup.ErrNotFound) {
		t.Errorf("opening what was aborted: %v", err)
	}
	if err := b.Delete(ctx, "a"); err != nil {
		t.Error(err)
	}
	if err := b.Delete(ctx, "a"); !errors.Is(err, backup.ErrNotFound) {
		t.Errorf("deleting twice: %v", err)
	}
}

// A connection that breaks in the middle of a part costs that part: it is sent again, and those before it are not.
func TestUploadResumesAfterABrokenConnection(t *testing.T) {
	c := startCloud(t)
	c.fail = func(r *http.Request) bool { return r.URL.Query().Get("partNumber") == "3" }
	c.broken.Store(3) // as many as the attempts of the SDK's default
	b := c.open(t, "s3://backups/p")
	content := noise(44 << 20)
	if err := put(t.Context(), b, "archive", content); err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(get(t, b, "archive"), content) {
		t.Error("the content is not that which was written")
	}
	if got := c.parts.Load(); got != 6+3 {
		t.Errorf("%d parts were sent; want the 6 of the archive, and 3 again", got)
	}
}

// A bucket that fails for good ends the upload with a sentence, and has no object.
func TestUploadToAFailingBucket(t *testing.T) {
	c := startCloud(t)
	c.fail = func(r *http.Request) bool { return r.Method == http.MethodPut || r.Method == http.MethodPost }
	b := c.open(t, "s3://backups/p")
	ctx, cancel := context.WithCancel(t.Context())
	c.broken.Store(1 << 30)
	up, err := b.Create(ctx, "archive")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := up.Write(noise(9 << 20)); err != nil {
		t.Errorf("writing does not wait for the bucket: %v", err)
	}
	cancel() // the operator stops it
	if err := up.Commit(); !errors.Is(err, context.Canceled) {
		t.Errorf("an upload that was given up: %v", err)
	}
	c.broken.Store(0)
	if objects, err := b.List(t.Context()); err != nil || len(objects) != 0 {
		t.Errorf("listed %v: %v", objects, err)
	}
	missing := c.open(t, "s3://elsewhere")
	if _, err := missing.Create(t.Context(), "archive"); err == nil || !strings.Contains(err.Error(), "create it first") {
		t.Errorf("a bucket that does not exist: %v", err)
	}
}

// A folder for temporary files that is missing or full is named.
func TestUploadWithoutRoom(t *testing.T) {
	c := startCloud(t)
	b := c.open(t, "s3://backups")
	t.Setenv("TMPDIR", t.TempDir()+"/missing")
	if _, err := b.Create(t.Context(), "archive"); err == nil || !strings.Contains(err.Error(), "set TMPDIR") {
		t.Errorf("no temporary folder: %v", err)
	}
}

// Locations that cannot be opened are refused by what is wrong with them, and no secret is repeated.
func TestOpenRefuses(t *testing.T) {
	t.Setenv("AWS_REGION", "")
	t.Setenv("AWS_CONFIG_FILE", os.DevNull)
	for location, want := range map[string]string{
		"":                                 "the destination is empty",
		"/no/such/folder":                  "does not exist",
		"ftp://host/folder":                "is not a kind of destination",
		"s3://":                            "needs the name of a bucket",
		"s3://id:hunter2@bucket":           "credentials come from the environment",
		"s3://bucket":                      "add ?region=REGION",
		"s3://bucket?region=x&colour=y":    `"colour" is not a parameter`,
		"s3://bucket?use_path_style=maybe": "use true or false",
		"gs://bucket?region=x":             "gs:// has none",
	} {
		_, _, err := bucket.Open(t.Context(), location)
		if err == nil || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "hunter2") {
			t.Errorf("%s: %v; want %q", location, err, want)
		}
	}
}
