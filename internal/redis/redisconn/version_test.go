package redisconn_test

import (
	"errors"
	"testing"

	"github.com/recipe-web-app/oauth2d/internal/redis/redisconn"
	"github.com/recipe-web-app/oauth2d/internal/redis/redistest"
)

var (
	firstRelease  = redisconn.DataVersion{Writes: 1, Reads: 1, ReadBy: 1}
	secondRelease = redisconn.DataVersion{Writes: 2, Reads: 1, ReadBy: 1} // the first one reads what it writes
	thirdRelease  = redisconn.DataVersion{Writes: 3, Reads: 2, ReadBy: 2}
)

// start opens the data as a release does.
func start(t *testing.T, server *redistest.Server, v redisconn.DataVersion, o redisconn.Options, issuer string) error {
	t.Helper()
	o.Mode, o.Addrs, o.DataVersion = redisconn.Standalone, []string{server.Addr}, v
	db, err := redisconn.Open(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	_, err = db.Claim(t.Context(), redisconn.Owner{Name: issuer})
	return err
}

// A release works on the data of the one before it and after it. Others are refused before they change anything.
func TestDataVersions(t *testing.T) {
	t.Parallel()
	server := redistest.Start(t)
	for i, step := range []struct {
		what     string
		release  redisconn.DataVersion
		observer bool
		want     error
		recorded string
	}{
		{what: "an empty Redis", release: firstRelease, recorded: "1 1"},
		{what: "too new a release", release: thirdRelease, want: redisconn.ErrDataOlder, recorded: "1 1"},
		{what: "a command of the next release that only looks", release: secondRelease, observer: true, recorded: "1 1"},
		{what: "the next release", release: secondRelease, recorded: "2 1"},
		{what: "a rollback", release: firstRelease, recorded: "2 1"},
		{what: "the next release again", release: secondRelease, recorded: "2 1"},
		{what: "the third release", release: thirdRelease, recorded: "3 2"},
		{what: "a rollback to the second release", release: secondRelease, recorded: "3 2"},
		{what: "too old a release", release: firstRelease, want: redisconn.ErrDataNewer, recorded: "3 2"},
		{what: "a command of too old a release that only looks", release: firstRelease, observer: true, want: redisconn.ErrDataNewer, recorded: "3 2"},
	} {
		err := start(t, server, step.release, redisconn.Options{Observer: step.observer}, "https://as.example")
		if !errors.Is(err, step.want) {
			t.Errorf("%d, %s: %v", i, step.what, err)
		}
		if got := server.Do(t, "get", "auth:data_version"); got != step.recorded {
			t.Errorf("%d, %s: recorded %q, want %q", i, step.what, got, step.recorded)
		}
	}
}

// Data without a record is of version 1. An empty Redis is of the version of the release that starts on it.
func TestDataWithoutAVersion(t *testing.T) {
	t.Parallel()
	server := redistest.Start(t)
	if err := start(t, server, thirdRelease, redisconn.Options{}, "https://as.example"); err != nil {
		t.Errorf("an empty Redis: %v", err)
	}
	server.Do(t, "del", "auth:data_version")
	if err := start(t, server, secondRelease, redisconn.Options{}, "https://as.example"); err != nil {
		t.Errorf("data of the previous release: %v", err)
	}
	server.Do(t, "del", "auth:data_version")
	server.Do(t, "set", "auth:issuer", "https://as.example")
	if err := start(t, server, thirdRelease, redisconn.Options{}, "https://as.example"); !errors.Is(err, redisconn.ErrDataOlder) {
		t.Errorf("data of the release before that: %v", err)
	}
}
