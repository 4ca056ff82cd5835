package redisstore_test

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/recipe-web-app/oauth2d/internal/oauth"
	"github.com/recipe-web-app/oauth2d/internal/redis/redisconn"
	"github.com/recipe-web-app/oauth2d/internal/redis/redisstore"
)

const (
	annID         = oauth.UserID("7d44f3f0-0000-4000-8000-000000000001")
	annKey        = "auth:user:" + string(annID)
	credentialKey = "auth:credentials:" + string(annID)
	earlierHash   = "$argon2id$v=19$m=1,t=1,p=1$c2FsdA$earlier"
	laterHash     = "$argon2id$v=19$m=1,t=1,p=1$c2FsdA$later"
)

// people is a store of users on a real server, with a client that reads the stored records.
type people struct {
	*redisstore.Users
	admin *redis.Client
}

func newPeople(t *testing.T) people {
	t.Helper()
	db, admin := standalone(t, redisconn.Options{})
	return people{redisstore.NewUsers(db), admin}
}

func ok(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// putEarlier stores ann as the release before this one did: with the password in the record of the user.
func (p people) putEarlier(t *testing.T, revision int) {
	t.Helper()
	ctx := t.Context()
	ok(t, p.admin.HSet(ctx, annKey, "revision", revision, "name", "ann", "email", "ann@example.org", "password", earlierHash,
		"created", time.Now().UnixMilli()).Err())
	ok(t, p.admin.Set(ctx, "auth:username:"+oauth.DigestOf("username ann").Key(), string(annID), 0).Err())
	ok(t, p.admin.ZAdd(ctx, "auth:users", redis.Z{Member: string(annID)}).Err())
}

// expect fails unless the two records of ann hold the passwords.
func (p people) expect(t *testing.T, when, ofUser, ofCredentials string) {
	t.Helper()
	user, err := p.admin.HGetAll(t.Context(), annKey).Result()
	ok(t, err)
	credentials, err := p.admin.HGetAll(t.Context(), credentialKey).Result()
	ok(t, err)
	if user["password"] != ofUser || credentials["password"] != ofCredentials {
		t.Errorf("%s: the user holds %q, the credentials hold %q", when, user["password"], credentials["password"])
	}
}

func (p people) account(t *testing.T) oauth.Account {
	t.Helper()
	a, err := p.Account(t.Context(), annID)
	ok(t, err)
	return a
}

// A record of an earlier release is read with its password, and moves when it is written next.
func TestAnEarlierRecordIsReadAndMoved(t *testing.T) {
	t.Parallel()
	for how, write := range map[string]func(people, context.Context, oauth.Account) (uint64, error){
		"changed": func(p people, ctx context.Context, a oauth.Account) (uint64, error) {
			a.User.DisplayName = "Ann"
			return p.Put(ctx, a)
		},
		"renamed": func(p people, ctx context.Context, a oauth.Account) (uint64, error) {
			a.User.Name = "anna"
			return p.Rename(ctx, a, "ann")
		},
	} {
		t.Run(how, func(t *testing.T) {
			t.Parallel()
			p := newPeople(t)
			p.putEarlier(t, 7)
			id, err := p.Find(t.Context(), "ann")
			ok(t, err)
			a := p.account(t)
			if id != annID || a.User.Name != "ann" || a.User.Revision != 7 || a.Credentials.PasswordHash != earlierHash {
				t.Errorf("%s: %+v", id, a)
			}
			p.expect(t, "after a read", earlierHash, "")
			revision, err := write(p, t.Context(), a)
			ok(t, err)
			p.expect(t, "after a write", "", earlierHash)
			if got := p.account(t); revision != 8 || got.User.Revision != 8 || got.Credentials != a.Credentials {
				t.Errorf("revision %d, %+v", revision, got)
			}
		})
	}
}

// During a rollback the previous release sets a password at its old place. It is the latest password, so it is in
// force, and the earlier one does not come back.
func TestAPasswordOfAnEarlierReleaseIsTheLatest(t *testing.T) {
	t.Parallel()
	p := newPeople(t)
	a := oauth.Account{User: oauth.User{ID: annID, Name: "ann"}, Credentials: oauth.Credentials{PasswordHash: "$argon2id$replaced"}}
	_, err := p.Put(t.Context(), a)
	ok(t, err)
	p.putEarlier(t, 2)
	a = p.account(t)
	if a.Credentials.PasswordHash != earlierHash {
		t.Errorf("the password is %q", a.Credentials.PasswordHash)
	}
	_, err = p.Put(t.Context(), a)
	ok(t, err)
	p.expect(t, "after a write", "", earlierHash)
}

// A change of the user leaves alone what a later release stored beside the password; a removed password is gone.
func TestCredentialsOfOtherKindsStay(t *testing.T) {
	t.Parallel()
	p := newPeople(t)
	a := oauth.Account{User: oauth.User{ID: annID, Name: "ann"}, Credentials: oauth.Credentials{PasswordHash: laterHash}}
	var err error
	a.User.Revision, err = p.Put(t.Context(), a)
	ok(t, err)
	ok(t, p.admin.HSet(t.Context(), credentialKey, "totp", "a later kind").Err())
	a.Credentials.PasswordHash = ""
	a.User.Revision, err = p.Put(t.Context(), a)
	ok(t, err)
	a.User.Name = "anna"
	_, err = p.Rename(t.Context(), a, "ann")
	ok(t, err)
	left, err := p.admin.HGetAll(t.Context(), credentialKey).Result()
	ok(t, err)
	if !maps.Equal(left, map[string]string{"totp": "a later kind"}) {
		t.Errorf("the credentials are %v", left)
	}
}

// A deletion leaves nothing. What an earlier release left behind, which knows no credentials, does not become the next
// user's of that id.
func TestADeletedUserLeavesNothing(t *testing.T) {
	t.Parallel()
	p := newPeople(t)
	a := oauth.Account{User: oauth.User{ID: annID, Name: "ann"}, Credentials: oauth.Credentials{PasswordHash: laterHash}}
	_, err := p.Put(t.Context(), a)
	ok(t, err)
	ok(t, p.Delete(t.Context(), annID))
	keys, err := p.admin.Keys(t.Context(), "auth:*").Result()
	ok(t, err)
	if left := slices.DeleteFunc(keys, func(key string) bool { return key == "auth:history" }); len(left) > 0 {
		t.Errorf("left: %q", left)
	}
	ok(t, p.admin.HSet(t.Context(), credentialKey, "password", earlierHash, "totp", "a later kind").Err())
	_, err = p.Put(t.Context(), oauth.Account{User: a.User})
	ok(t, err)
	if left, err := p.admin.Exists(t.Context(), credentialKey).Result(); err != nil || left != 0 {
		t.Errorf("the credentials of a deleted user are those of the next one, %v", err)
	}
}

// A record of an earlier release may move between the two commands of a read. The user is read first: the other way
// round a reader would find the credentials before the move, the user after it, and no password.
func TestTheUserIsReadBeforeTheCredentials(t *testing.T) {
	t.Parallel()
	p := newPeople(t)
	p.putEarlier(t, 1)
	ok(t, p.admin.ConfigSet(t.Context(), "slowlog-log-slower-than", "0").Err())
	p.account(t)
	ok(t, p.admin.ConfigSet(t.Context(), "slowlog-log-slower-than", "-1").Err())
	log, err := p.admin.SlowLogGet(t.Context(), -1).Result()
	ok(t, err)
	var read []string
	for _, entry := range slices.Backward(log) { // the newest is first
		if entry.Args[0] == "hgetall" {
			read = append(read, entry.Args[1])
		}
	}
	if !slices.Equal(read, []string{annKey, credentialKey}) {
		t.Errorf("read in this order: %q", read)
	}
}

// Sessions and grants that earlier releases stored have an acr and no amr: a password was the only method then.
func TestRecordsFromBeforeAMRMeanAPassword(t *testing.T) {
	t.Parallel()
	db, err := redisconn.Open(t.Context(), redisconn.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	grants, now := redisstore.NewGrants(db), time.Now()
	for name, row := range map[string]struct{ acr, want string }{
		"a": {oauth.ACRPassword, "[pwd]"}, "b": {"", "[]"}, "c": {"urn:example:other", "[]"},
	} {
		t.Run("acr="+row.acr, func(t *testing.T) {
			g := grantOf(oauth.GrantRef(name), now)
			g.ACR, g.AMR = row.acr, nil
			if err := grants.Create(t.Context(), g); err != nil {
				t.Fatal(err)
			}
			got, err := grants.Get(t.Context(), g.Ref)
			if err != nil || fmt.Sprint(got.AMR) != row.want {
				t.Errorf("acr %q: amr %v, %v; want %s", row.acr, got.AMR, err, row.want)
			}
		})
	}
}
