//go:build backup

package backup_test

import (
	"io"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"sync"
	"testing"

	"github.com/johannesboyne/gofakes3"
	"github.com/johannesboyne/gofakes3/backend/s3mem"
)

// cloud is a server that speaks S3, behind a front that can break.
type cloud struct {
	url string

	mu    sync.Mutex
	fault func(w http.ResponseWriter, r *http.Request) bool // true: the request is answered
	seen  int                                               // requests that change something
}

func startCloud(t *testing.T) *cloud {
	t.Helper()
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
		c.mu.Lock()
		fault := c.fault
		if r.Method != http.MethodGet && r.Method != http.MethodHead {
			c.seen++
		}
		c.mu.Unlock()
		if fault == nil || !fault(w, r) {
			proxy.ServeHTTP(w, r)
		}
	}))
	t.Cleanup(front.Close)
	c.url = "?region=eu-central-1&use_path_style=true&endpoint=" + url.QueryEscape(front.URL)
	return c
}

// at returns the location of a prefix.
func (c *cloud) at(prefix string) string { return "s3://backups/" + prefix + c.url }

func (c *cloud) fail(fault func(w http.ResponseWriter, r *http.Request) bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.fault = fault
}

// changing reports whether a request writes an object.
func changing(r *http.Request) bool { return r.Method == http.MethodPut || r.Method == http.MethodPost }

// cut breaks the connection in the middle of the next so many writes.
func (c *cloud) cut(count int) {
	c.fail(func(_ http.ResponseWriter, r *http.Request) bool {
		if !changing(r) || count == 0 {
			return false
		}
		count--
		_, _ = io.CopyN(io.Discard, r.Body, 512)
		panic(http.ErrAbortHandler)
	})
}

// deny refuses every write.
func (c *cloud) deny() {
	c.fail(func(w http.ResponseWriter, r *http.Request) bool {
		if !changing(r) {
			return false
		}
		w.Header().Set("Content-Type", "application/xml")
		w.WriteHeader(http.StatusForbidden)
		_, _ = io.WriteString(w, `<?xml version="1.0"?><Error><Code>AccessDenied</Code><Message>the policy changed</Message></Error>`)
		return true
	})
}
