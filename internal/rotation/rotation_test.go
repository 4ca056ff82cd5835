package rotation_test

import (
	"bytes"
	"encoding/base64"
	"strings"
	"testing"
	"time"

	"github.com/recipe-web-app/oauth2d/internal/config"
	"github.com/recipe-web-app/oauth2d/internal/keyring"
	"github.com/recipe-web-app/oauth2d/internal/oauth"
	"github.com/recipe-web-app/oauth2d/internal/redis/redisconn"
	"github.com/recipe-web-app/oauth2d/internal/redis/serverstore"
	"github.com/recipe-web-app/oauth2d/internal/registry"
	"github.com/recipe-web-app/oauth2d/internal/roomtest"
	"github.com/recipe-web-app/oauth2d/internal/rotation"
	"github.com/recipe-web-app/oauth2d/internal/secret"
)

func master(b byte) config.Secret {
	return config.Secret(base64.StdEncoding.EncodeToString(bytes.Repeat([]byte{b}, secret.MasterKeySize)))
}

// stage is an installation whose daemons and command lines have settings of their own.
type stage struct {
	o     rotation.Options
	clock *roomtest.Clock
}

func newStage(t *testing.T) stage {
	t.Helper()
	s := stage{clock: &roomtest.Clock{}}
	db := roomtest.Open(t, redisconn.Options{})
	ring := roomtest.Ring(t, db, keyring.Options{Now: s.clock.Now})
	clients := roomtest.Registry(db, registry.Options{Peppers: ring, Now: s.clock.Now})
	made := oauth.Client{ID: "planner", Method: oauth.AuthBasic, GrantTypes: []string{oauth.GrantClientCredentials}}
	if _, _, err := clients.Register(t.Context(), made, ""); err != nil {
		t.Fatal(err)
	}
	s.o = rotation.Options{Store: serverstore.NewRosters(db), Ring: ring, Clients: clients, Now: s.clock.Now}
	return s
}

func settings(key byte, password config.Secret) config.Config {
	c := config.Config{MasterKey: master(key)}
	c.Redis.Password = password
	c.Rotation = config.Rotation{MasterKey: 48 * time.Hour, Password: 24 * time.Hour, ClientSecret: 72 * time.Hour}
	return c
}

// says lists the state and the next step of a secret.
func (s stage) says(t *testing.T, c config.Config, name string) string {
	t.Helper()
	items, err := rotation.New(s.o, c).Status(t.Context(), c)
	if err != nil {
		t.Fatal(err)
	}
	for _, one := range items {
		if one.Secret == name {
			return string(one.State) + " " + one.Next
		}
	}
	return "missing"
}

func TestI11_StatusRatesAges(t *testing.T) {
	t.Parallel()
	s := newStage(t)
	c := settings(7, "first")
	daemon := rotation.New(s.o, c)
	holds := func(name, want string) {
		t.Helper()
		if got := s.says(t, c, name); !strings.HasPrefix(got, want) {
			t.Errorf("%s: %q, want %q", name, got, want)
		}
	}
	holds("master key", "unknown")
	note := func() {
		t.Helper()
		if err := daemon.Note(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	note()
	for _, name := range []string{"master key", "password for Redis", "secret of client planner", "signing key ES256", "pepper of client secrets"} {
		holds(name, "ok")
	}
	s.clock.Pass(25 * time.Hour)
	note()
	holds("master key", "ok")
	holds("password for Redis", "due docs/rotation.md")
	if age := daemon.Ages()[rotation.RedisPassword]; age < 25*time.Hour || age > 26*time.Hour {
		t.Errorf("the password has been in use for %s", age)
	}

	// The command line has the next password already.
	c.Redis.Password = "second"
	holds("password for Redis", "unfinished the daemon on ")
	daemon.Use(c)
	note()
	holds("password for Redis", "ok")
	s.clock.Pass(48 * time.Hour)
	holds("secret of client planner", "due oauth2d client rotate-secret planner")
}

func TestI11_ResealWaitsForEveryDaemon(t *testing.T) {
	t.Parallel()
	s := newStage(t)
	older := settings(7, "")
	daemon := rotation.New(s.o, older)
	if err := daemon.Note(t.Context()); err != nil {
		t.Fatal(err)
	}
	newer := settings(8, "")
	newer.MasterKeyPrevious = []config.Secret{master(7)}
	sealer, err := newer.Sealer()
	if err != nil {
		t.Fatal(err)
	}
	if err := s.o.Ring.UseSealer(t.Context(), sealer); err != nil {
		t.Fatal(err)
	}
	tool := rotation.New(s.o, newer)
	if _, err := tool.Reseal(t.Context()); err == nil || !strings.Contains(err.Error(), "does not have this master key, so nothing was changed") {
		t.Errorf("a daemon lacks the key: %v", err)
	}
	if got := s.says(t, newer, "master key"); !strings.HasPrefix(got, "unfinished ") {
		t.Error(got)
	}
	daemon.Use(newer)
	if err := daemon.Note(t.Context()); err != nil {
		t.Fatal(err)
	}
	if got := s.says(t, newer, "master key"); !strings.Contains(got, "oauth2d rotate master-key") {
		t.Error(got)
	}
	if found, err := tool.Reseal(t.Context()); err != nil || found.Previous != found.Keys || found.Keys == 0 {
		t.Errorf("%+v, %v", found, err)
	}
	if got := s.says(t, newer, "master key"); !strings.Contains(got, "remove the other master keys") {
		t.Error(got)
	}

	// A daemon that has stopped holds nobody up.
	other := rotation.New(s.o, older)
	if err := other.Note(t.Context()); err != nil {
		t.Fatal(err)
	}
	s.clock.Pass(time.Minute)
	if _, err := tool.Reseal(t.Context()); err != nil {
		t.Error(err)
	}
}
