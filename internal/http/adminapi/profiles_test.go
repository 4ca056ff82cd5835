package adminapi_test

import (
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/recipe-web-app/oauth2d/internal/config"
	"github.com/recipe-web-app/oauth2d/internal/profile"
	"github.com/recipe-web-app/oauth2d/internal/testkit"
)

// Only an operator with the scope gets a profile, only at the operators' listener, and only for a bounded time.
func TestWhoMayTakeAProfile(t *testing.T) {
	t.Parallel()
	d := testkit.Start(t)
	right, wrong := tokenOf(t, d, "admin:profiles:read"), tokenOf(t, d, "admin:stats:read")
	for _, kind := range profile.Kinds() {
		r := raw{method: "GET", path: "/profiles/" + kind}
		refused(t, kind+" without a token", r.send(t, d), http.StatusUnauthorized, "invalid-token", "")
		r.token = wrong
		refused(t, kind+" with another scope", r.send(t, d), http.StatusForbidden, "insufficient-scope", "")
	}
	for path, want := range map[string]struct {
		status      int
		kind, place string
	}{
		"/profiles/trace":             {http.StatusNotFound, "not-found", ""},
		"/profiles/heap?seconds=5":    {http.StatusBadRequest, "invalid-request", "seconds"},
		"/profiles/cpu?seconds=0":     {http.StatusBadRequest, "invalid-request", "seconds"},
		"/profiles/cpu?seconds=61":    {http.StatusBadRequest, "invalid-request", "seconds"},
		"/profiles/cpu?seconds=30":    {http.StatusBadRequest, "invalid-request", "seconds"}, // server.request_timeout is 10 s
		"/profiles/cpu?debug=1":       {http.StatusBadRequest, "invalid-request", "debug"},
		"/profiles/mutex?seconds=one": {http.StatusBadRequest, "invalid-request", "seconds"},
	} {
		refused(t, path, raw{method: "GET", path: path, token: right}.send(t, d), want.status, want.kind, want.place)
	}
	for _, path := range []string{"/admin/v1/profiles/heap", "/profiles/heap", "/debug/pprof/", "/debug/pprof/heap", "/debug/vars"} {
		for base, want := range map[string]int{d.Base: http.StatusNotFound, d.Admin: http.StatusNotFound} {
			if base == d.Admin && strings.HasPrefix(path, "/admin/") {
				continue
			}
			request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, base+path, http.NoBody)
			ok(t, err)
			request.Header.Set("Authorization", "Bearer "+right)
			if a := testkit.Do(t, request); a.Status != want {
				t.Errorf("%s%s: %d", base, path, a.Status)
			}
		}
	}
}

// Profiles are files that go tool pprof reads. This test is not parallel: a program can take one CPU profile at a time.
func TestProfilesCanBeRead(t *testing.T) { //nolint:paralleltest // as said
	d := testkit.Start(t, func(c *config.Config) { c.Server.RequestTimeout = 20 * time.Second })
	api := clientOf(t, d, tokenOf(t, d, "admin:profiles:read"))
	for kind, sample := range map[string]string{
		profile.CPU: "cpu/nanoseconds", profile.Heap: "inuse_space/bytes", profile.Allocs: "alloc_space/bytes", profile.Goroutines: "goroutine/count",
		profile.Mutex: "contentions/count", profile.Block: "delay/nanoseconds",
	} {
		seconds := 0
		if profile.Lasts(kind) {
			seconds = 1
		}
		got, err := api.Profile(t.Context(), kind, seconds)
		ok(t, err)
		file := filepath.Join(t.TempDir(), kind+".pb.gz")
		ok(t, os.WriteFile(file, got, 0o600))
		shown, err := exec.CommandContext(t.Context(), "go", "tool", "pprof", "-raw", file).CombinedOutput()
		if err != nil || !strings.Contains(string(shown), sample) {
			t.Errorf("%s: %v: %.500s", kind, err, shown)
		}
	}
}

// Two profiles at once would disturb each other.
func TestOneProfileAtATime(t *testing.T) {
	t.Parallel()
	d := testkit.Start(t)
	api := clientOf(t, d, tokenOf(t, d, "admin:profiles:read"))
	results := make(chan error)
	for range 2 {
		go func() {
			_, err := api.Profile(t.Context(), profile.Block, 1)
			results <- err
		}()
	}
	one, other := <-results, <-results
	if one == nil {
		one, other = other, one
	}
	is(t, "the second", one, "conflict")
	ok(t, other)
}
