package redisstore_test

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/recipe-web-app/oauth2d/internal/oauth"
	"github.com/recipe-web-app/oauth2d/internal/redis/redisconn"
	"github.com/recipe-web-app/oauth2d/internal/redis/redisstore"
	"github.com/recipe-web-app/oauth2d/internal/redis/redistest"
	"github.com/recipe-web-app/oauth2d/internal/redis/serverstore"
	"github.com/recipe-web-app/oauth2d/internal/store"
)

func TestEveryScriptStatesItsArgumentsAndItsAnswer(t *testing.T) {
	t.Parallel()
	code := ""
	for _, path := range append(glob(t, "*.go"), glob(t, "../serverstore/*.go")...) {
		code += read(t, path)
	}
	commands := append(redisstore.Commands(), serverstore.Commands()...)
	calls := regexp.MustCompile(`redis\.p?call\('([A-Z]+)'`)
	for _, path := range append(glob(t, "lua/*.lua"), glob(t, "../serverstore/lua/*.lua")...) {
		source := read(t, path)
		for _, want := range []string{"-- KEYS  ", "-- returns "} {
			if !strings.Contains(source, want) {
				t.Errorf("%s: the header has no %q", path, want)
			}
		}
		if strings.Contains(source, "ARGV[") && !strings.Contains(source, "-- ARGV  ") {
			t.Errorf("%s: the header does not name its ARGV", path)
		}
		name := strings.TrimSuffix(filepath.Base(path), ".lua")
		if !strings.Contains(code, `script("`+name+`")`) {
			t.Errorf("%s is not used", path)
		}
		for _, part := range regexp.MustCompile("-- include (shared/.*)\n").FindAllStringSubmatch(source, -1) {
			source += read(t, filepath.Join(filepath.Dir(path), part[1]+".lua"))
		}
		for _, call := range calls.FindAllStringSubmatch(source, -1) {
			tried := func(command string) bool { return strings.HasPrefix(command+" ", call[1]+" ") }
			if !slices.ContainsFunc(commands, tried) {
				t.Errorf("%s uses %s, which the start-up check does not try", path, call[1])
			}
		}
	}
}

func glob(t *testing.T, pattern string) []string {
	t.Helper()
	paths, err := filepath.Glob(pattern)
	if err != nil || len(paths) == 0 {
		t.Fatalf("%s: %v", pattern, err)
	}
	return paths
}

func read(t *testing.T, path string) string {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// standalone opens a connection to a new real server, and a client that reads the stored records.
func standalone(t *testing.T, o redisconn.Options) (*redisconn.DB, *redis.Client) {
	t.Helper()
	server := redistest.Start(t)
	o.Mode, o.Addrs = redisconn.Standalone, []string{server.Addr}
	return openDB(t, o), server.Admin(t)
}

func sampleGrant(now time.Time, n int) oauth.Grant {
	user, random := oauth.UserID(fmt.Sprintf("7d44f3f0-0000-4000-8000-%012d", n/5)), oauth.DigestOf(fmt.Sprint("grant", n))
	return oauth.Grant{
		Ref: oauth.NewGrantID(user, "root", random[:oauth.GrantEntropy]).Ref(), Client: "recipe-web-app", User: user,
		Username: "alice", Session: oauth.SessionRef(oauth.DigestOf(fmt.Sprint("session", n)).Key()),
		Scope: oauth.Scopes{"openid", "profile", "email"}, Born: now, Expires: now.Add(10 * time.Minute),
		End: now.Add(90 * 24 * time.Hour), AuthTime: now.Add(-time.Minute),
		RedirectURI: "https://recipes.example.com/api/v1/authentication/callback/of/the/web/application",
		Nonce:       "n-0S6_WzA2Mj",
	}
}

func TestKeysAreNamedAsOperatorsKnowThem(t *testing.T) {
	t.Parallel()
	db, admin := standalone(t, redisconn.Options{})
	ctx, now, s := t.Context(), time.Now(), subject(db)
	g, odd := sampleGrant(now, 1), sampleGrant(now, 2)
	odd.User = "a user:*{x}\n"
	user := oauth.User{ID: "7d44f3f0-0000-4000-8000-000000000001", Name: "Alice:*"}
	session := oauth.Session{Ref: "ref_of_session", Root: "root", User: user.ID, Seen: now, Expires: now.Add(time.Hour)}
	jwt := store.Query{Digest: oauth.DigestOf("jti"), Format: oauth.FormatJWT}
	_, putErr := s.Clients.Put(ctx, oauth.Client{ID: "recipe-web-app"})
	_, auditErr := s.Audit.Append(ctx, store.AuditAppend{Head: "1", Keep: 9, Entries: []store.AuditEntry{{Seq: 1}}})
	_, oddErr := s.Clients.Put(ctx, oauth.Client{ID: "odd {*} id"})
	_, userErr := s.Users.Put(ctx, oauth.Account{User: user, Credentials: oauth.Credentials{PasswordHash: "$argon2id$"}})
	_, giveErr := s.Consents.Give(ctx, user.ID, oauth.Consent{Client: "c", Given: now}, now)
	once := sampleGrant(now, 3)
	_, _, startErr := s.Sessions.Start(ctx, session, 5)
	token := oauth.Access{Digest: oauth.DigestOf("token"), Client: "c", Expires: now.Add(time.Hour)}
	for i, err := range []error{
		s.Grants.Create(ctx, g), s.Grants.Create(ctx, odd), s.Access.Put(ctx, token, now),
		s.Access.Revoke(ctx, jwt, now.Add(time.Hour), now), s.Access.RevokeClient(ctx, "recipe-web-app", now, time.Hour),
		s.Grants.CreateOnce(ctx, once, store.Once{Name: "once", Keep: time.Hour}), giveErr,
		s.Requests.Keep(ctx, oauth.DigestOf("request"), "sealed", time.Hour),
		s.Rosters.Note(ctx, store.Note{Daemon: "d"}, now),
		s.Keys.Swap(ctx, 0, map[string][]byte{"1": {1}}, nil), auditErr, putErr, oddErr, userErr, startErr,
		s.Freshness.RaiseEpoch(ctx, now), s.Revocations.Raise(ctx, store.Ending{User: user.ID, What: store.EndedSession, Now: now, Keep: time.Hour}),
	} {
		if err != nil {
			t.Fatal(i, err)
		}
	}
	want := []string{
		"auth:access_token:" + token.Digest.Key(), "auth:audit", "auth:audit:head",
		"auth:client:recipe-web-app", "auth:client:~" + oauth.DigestOf("odd id odd {*} id").Key(),
		"auth:clients", "auth:clients:version",
		"auth:codes:" + string(g.Ref.User()+oauth.UserTag(g.Ref.Root())) + string(store.TagOf(g.Client)),
		"auth:consent:" + string(user.ID), "auth:credentials:" + string(user.ID), "auth:daemons", "auth:epoch",
		"auth:grant:" + string(g.Ref), "auth:grant:" + string(odd.Ref), "auth:grant:" + string(once.Ref),
		"auth:interaction:once",
		"auth:keys", "auth:request:" + oauth.DigestOf("request").Key(),
		"auth:revoked:client:" + string(store.TagOf("recipe-web-app")), "auth:revoked:token:" + jwt.Digest.Key(),
		"auth:revoked:user:" + string(oauth.TagOfUser(user.ID)),
		"auth:session:ref_of_session", "auth:sessions",
		"auth:user:" + string(user.ID),
		"auth:user_grants:" + string(g.User), "auth:user_grants:~" + oauth.DigestOf("odd id "+string(odd.User)).Key(),
		"auth:user_sessions:" + string(user.ID),
		"auth:username:" + oauth.DigestOf("username alice:*").Key(), "auth:users",
	}
	keys, err := admin.Keys(ctx, "*").Result()
	if err != nil {
		t.Fatal(err)
	}
	slices.Sort(keys)
	slices.Sort(want)
	if !slices.Equal(keys, want) {
		t.Errorf("keys:\n got  %q\n want %q", keys, want)
	}
	everythingEnds(t, admin, keys)
}

// everythingEnds checks that every key that must not stay for ever has a time to live.
func everythingEnds(t *testing.T, admin *redis.Client, keys []string) {
	t.Helper()
	for _, key := range keys {
		stays := false
		for _, prefix := range []string{
			"auth:client:", "auth:clients", "auth:user:", "auth:users", "auth:username:", "auth:audit", "auth:consent:", "auth:keys", "auth:epoch",
			"auth:credentials:", "auth:daemons",
		} {
			stays = stays || strings.HasPrefix(key, prefix)
		}
		ttl, err := admin.PTTL(t.Context(), key).Result()
		if err != nil {
			t.Fatal(err)
		}
		if ends := ttl > 0; ends == stays {
			t.Errorf("%s: time to live %v", key, ttl)
		}
	}
}

func TestOneRoundTrip(t *testing.T) {
	t.Parallel()
	var trips atomic.Int32
	db, _ := standalone(t, redisconn.Options{RoundTrip: func(int) { trips.Add(1) }})
	ctx, now := t.Context(), time.Now()
	grants, access := redisstore.NewGrants(db), redisstore.NewAccess(db)
	g := sampleGrant(now, 1)
	if err := grants.Create(ctx, g); err != nil {
		t.Fatal(err)
	}
	token := oauth.DigestOf("token")
	users, id := redisstore.NewUsers(db), oauth.UserID("7d44f3f0-0000-4000-8000-000000000001")
	if _, err := users.Put(ctx, oauth.Account{User: oauth.User{ID: id, Name: "ann"}}); err != nil {
		t.Fatal(err)
	}
	once := func(what string, ask func() error) {
		t.Helper()
		trips.Store(0)
		if err := ask(); err != nil {
			t.Fatal(what, err)
		}
		if n := trips.Load(); n != 1 {
			t.Errorf("%s took %d round trips", what, n)
		}
	}
	once("redeeming a code and storing its token", func() error {
		_, err := grants.Advance(ctx, store.Presentation{
			Grant: g.Ref, Client: g.Client, Scope: g.Scope, Now: now, Keep: time.Hour, Access: &store.NewAccess{Digest: token, Life: time.Minute},
		})
		return err
	})
	once("introspecting a token", func() error {
		q := store.Query{Digest: token, Format: oauth.FormatOpaque, Grant: g.Ref, Client: store.TagOf(g.Client)}
		s, err := access.Look(ctx, q)
		if err == nil && (!s.Found || !s.GrantFound) {
			t.Errorf("not found: %+v", s)
		}
		return err
	})
	once("storing a token", func() error {
		return access.Put(ctx, oauth.Access{Digest: oauth.DigestOf("other"), Client: "c", Expires: now.Add(time.Hour)}, now)
	})
	once("finding a user", func() error { _, err := users.Find(ctx, "ann"); return err })
	once("reading a user with the credentials", func() error { _, err := users.Account(ctx, id); return err })
	once("killing a grant", func() error { return grants.Kill(ctx, g.Ref) })
}

func TestAUsersListOfGrantsStaysShort(t *testing.T) {
	t.Parallel()
	db, admin := standalone(t, redisconn.Options{})
	grants, now := redisstore.NewGrants(db), time.Now()
	for n := range 500 {
		now = now.Add(10 * time.Minute)
		g := sampleGrant(now, 5*n)
		g.User = "one"
		g.Ref = oauth.GrantRef(string(oauth.TagOfUser("one")) + string(g.Ref[oauth.UserTagLength:]))
		if err := grants.Create(t.Context(), g); err != nil {
			t.Fatal(err)
		}
		if err := grants.Kill(t.Context(), g.Ref); err != nil {
			t.Fatal(err)
		}
	}
	size, err := admin.ZCard(t.Context(), "auth:user_grants:one").Result()
	if err != nil {
		t.Fatal(err)
	}
	if size > 40 {
		t.Errorf("the list names %d grants, and none is alive", size)
	}
}
