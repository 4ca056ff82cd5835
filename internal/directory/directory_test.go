package directory_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/recipe-web-app/oauth2d/internal/directory"
	"github.com/recipe-web-app/oauth2d/internal/event"
	"github.com/recipe-web-app/oauth2d/internal/oauth"
	"github.com/recipe-web-app/oauth2d/internal/redis/redisconn"
	"github.com/recipe-web-app/oauth2d/internal/redis/redisstore"
	"github.com/recipe-web-app/oauth2d/internal/roomtest"
	"github.com/recipe-web-app/oauth2d/internal/secret"
	"github.com/recipe-web-app/oauth2d/internal/store"
)

const password = "correct horse"

type people struct {
	*directory.Directory
	users store.Users

	roomtest.Events
}

func newPeople(t *testing.T, cost secret.HasherOptions) *people {
	t.Helper()
	db := roomtest.Open(t, redisconn.Options{})
	p := &people{users: redisstore.NewUsers(db)}
	p.Directory = directory.New(directory.Options{Store: p.users, Hasher: secret.NewHasher(cost), Events: p, Now: time.Now, MinLength: 8})
	return p
}

var cheap = secret.HasherOptions{Memory: 64, Time: 1}

func (p *people) create(t *testing.T, name string) oauth.User {
	t.Helper()
	user, err := p.Create(t.Context(), name, password, name+"@example.org", "")
	ok(t, err)
	return user
}

// disable disables a user, or enables them again.
func (p *people) disable(t *testing.T, user oauth.User, disabled bool) {
	t.Helper()
	_, _, err := p.Change(t.Context(), user.ID, func(u *oauth.User) error { u.Disabled = disabled; return nil })
	ok(t, err)
}

func TestVerify(t *testing.T) {
	t.Parallel()
	p := newPeople(t, cheap)
	ann := p.create(t, " Ann ")
	for _, name := range []string{"Ann", "ann", "ANN", "  ann\t"} {
		account, err := p.Verify(t.Context(), name, password)
		if err != nil || account.User.ID != ann.ID || account.User.Name != "Ann" {
			t.Errorf("%q: %q, %v", name, account.User.Name, err)
		}
	}
}

func TestW06_ARefusalSaysTheSameWhateverWasWrong(t *testing.T) {
	t.Parallel()
	p := newPeople(t, cheap)
	p.create(t, "ann")
	off := p.create(t, "off")
	p.disable(t, off, true)
	hashless := oauth.Account{User: oauth.User{ID: "0b6c9a52-7c1e-4c39-9a55-0d2f6f5f3a09", Name: "hashless"}}
	_, err := p.users.Put(t.Context(), hashless)
	ok(t, err)
	descriptions := map[string]bool{}
	for _, typed := range [][2]string{
		{"ann", "wrong"}, {"nobody", password}, {"off", password}, {"hashless", ""}, {"", password}, {"ann\x00", password},
		{strings.Repeat("a", oauth.MaxUsername+1), password}, {"ann", strings.Repeat("x", oauth.MaxPassword+1)}, {"ann", ""},
	} {
		t.Run(fmt.Sprintf("%.10q with %.10q", typed[0], typed[1]), func(t *testing.T) {
			_, err := p.Verify(t.Context(), typed[0], typed[1])
			refusal := oauth.AsError(err)
			if refusal.Code != oauth.AccessDenied {
				t.Errorf("%.20q: %v", typed[0], err)
			}
			descriptions[refusal.Description] = true
		})
	}
	if len(descriptions) != 1 {
		t.Errorf("%d texts: %v", len(descriptions), descriptions)
	}
	for _, e := range p.Emitted() {
		if failed, is := e.(event.LoginFailed); !is || strings.Contains(string(failed.User)+failed.Reason, password) {
			t.Errorf("told %+v", e)
		}
	}
	if len(p.Emitted()) != 9 {
		t.Errorf("%d events", len(p.Emitted()))
	}
	p.disable(t, off, false)
	if _, err := p.Verify(t.Context(), "off", password); err != nil {
		t.Errorf("enabled again: %v", err)
	}
}

// The work is real only if it is bounded: with one slot taken and no queue, an unknown name has to
// wait exactly as a known one has.
func TestW06_W08_UnknownNamesDoTheSameBoundedWork(t *testing.T) {
	t.Parallel()
	p := newPeople(t, secret.HasherOptions{Memory: 16 << 10, Time: 4, Parallel: 1, Queue: 1})
	p.create(t, "ann")
	for _, name := range []string{"ann", "nobody", strings.Repeat("n", oauth.MaxUsername+1)} {
		t.Run(fmt.Sprintf("%.10q", name), func(t *testing.T) {
			var busy, refused int
			var mu sync.Mutex
			var all sync.WaitGroup
			for range 12 {
				all.Go(func() {
					_, err := p.Verify(context.Background(), name, "wrong")
					mu.Lock()
					defer mu.Unlock()
					switch {
					case errors.Is(err, secret.ErrBusy) && oauth.AsError(err).Code == oauth.TemporarilyUnavailable:
						busy++
					case oauth.AsError(err).Code == oauth.AccessDenied:
						refused++
					default:
						t.Errorf("%.10q: %v", name, err)
					}
				})
			}
			all.Wait()
			if busy == 0 || refused == 0 {
				t.Errorf("%.10q: %d busy, %d refused: the work was not done", name, busy, refused)
			}
		})
	}
}

func TestCreateRefuses(t *testing.T) {
	t.Parallel()
	p := newPeople(t, cheap)
	p.create(t, "Ann")
	for why, typed := range map[string][4]string{
		"taken":            {"aNN", password, "", ""},
		"no name":          {"  ", password, "", ""},
		"long name":        {strings.Repeat("a", 129), password, "", ""},
		"control":          {"a\nb", password, "", ""},
		"direction":        {"a\u202eb", password, "", ""},
		"not UTF-8":        {"a\xff", password, "", ""},
		"short password":   {"bob", "äöüäöüä", "", ""},
		"long password":    {"bob", strings.Repeat("x", 1025), "", ""},
		"odd password":     {"bob", "\xff\xff\xff\xff\xff\xff\xff\xff", "", ""},
		"no email":         {"bob", password, "bob", ""},
		"long display":     {"bob", password, "", strings.Repeat("ä", 101)},
		"display controls": {"bob", password, "", "Bob\x1b[31m"},
	} {
		_, err := p.Create(t.Context(), typed[0], typed[1], typed[2], typed[3])
		if oauth.AsError(err).Code != oauth.InvalidRequest {
			t.Errorf("%s: %v", why, err)
		}
	}
	user, err := p.Create(t.Context(), "bob", "8 chars.", "bob@example.org", strings.Repeat("ä", 100))
	if err != nil || len(user.ID) != 36 || user.Revision == 0 {
		t.Errorf("%+v, %v", user, err)
	}
	if account, err := p.Account(t.Context(), user.ID); err != nil || !strings.HasPrefix(account.Credentials.PasswordHash, "$argon2id$") {
		t.Errorf("%+v, %v", account, err)
	}
}

func TestOneOfManyCallersGetsAName(t *testing.T) {
	t.Parallel()
	p := newPeople(t, secret.HasherOptions{Memory: 64, Time: 1, Queue: 100})
	var won int
	var mu sync.Mutex
	var all sync.WaitGroup
	for range 20 {
		all.Go(func() {
			_, err := p.Create(context.Background(), "ann", password, "", "")
			mu.Lock()
			defer mu.Unlock()
			switch {
			case err == nil:
				won++
			case !errors.Is(err, store.Conflict):
				t.Error(err)
			}
		})
	}
	all.Wait()
	if won != 1 {
		t.Errorf("%d users with one name", won)
	}
}

func TestSetPassword(t *testing.T) {
	t.Parallel()
	p := newPeople(t, cheap)
	ann := p.create(t, "ann")
	if _, _, err := p.SetPassword(t.Context(), ann.ID, "short", false); oauth.AsError(err).Code != oauth.InvalidRequest {
		t.Errorf("short: %v", err)
	}
	if _, _, err := p.SetPassword(t.Context(), "0b6c9a52-7c1e-4c39-9a55-0d2f6f5f3aff", password, false); !errors.Is(err, store.Absent) {
		t.Errorf("nobody: %v", err)
	}
	before, after, err := p.SetPassword(t.Context(), ann.ID, "battery staple", true)
	if err != nil || before.MustChange || !after.MustChange {
		t.Errorf("%v, %v, %v", before.MustChange, after.MustChange, err)
	}
	if _, err := p.Verify(t.Context(), "ann", password); err == nil {
		t.Error("the old password still works")
	}
	if _, err := p.Verify(t.Context(), "ann", "battery staple"); err != nil {
		t.Errorf("the new one does not: %v", err)
	}
}

// Of two who choose at once with the same old password, one gets what they chose.
func TestChooseIsOnceForAPassword(t *testing.T) {
	t.Parallel()
	p := newPeople(t, secret.HasherOptions{Memory: 64, Time: 1, Queue: 100})
	ann := p.create(t, "ann")
	_, _, err := p.Change(t.Context(), ann.ID, func(u *oauth.User) error { u.MustChange = true; return nil })
	ok(t, err)
	proved, err := p.Verify(t.Context(), "ann", password)
	if err != nil || !proved.User.MustChange {
		t.Fatalf("%v, %v", proved.User.MustChange, err)
	}
	if err := p.CheckChoice(t.Context(), proved, password); !errors.Is(err, directory.ErrSamePassword) {
		t.Errorf("the same: %v", err)
	}
	if still, err := p.Still(t.Context(), proved); still || err != nil {
		t.Errorf("may sign in before choosing: %v, %v", still, err)
	}
	var won []oauth.Account
	var mu sync.Mutex
	var all sync.WaitGroup
	for _, chosen := range []string{"battery staple", "staple battery"} {
		all.Go(func() {
			after, err := p.Choose(context.Background(), proved, chosen)
			mu.Lock()
			defer mu.Unlock()
			switch {
			case err == nil:
				won = append(won, after)
			case !errors.Is(err, store.Conflict):
				t.Error(err)
			}
		})
	}
	all.Wait()
	if len(won) != 1 || won[0].User.MustChange {
		t.Fatalf("%d chose", len(won))
	}
	if still, err := p.Still(t.Context(), won[0]); !still || err != nil {
		t.Errorf("may not sign in after choosing: %v, %v", still, err)
	}
}

// A password cannot be chosen for a user whom an operator disabled meanwhile.
func TestChooseRefusesADisabledUser(t *testing.T) {
	t.Parallel()
	p := newPeople(t, cheap)
	ann := p.create(t, "ann")
	proved, err := p.Verify(t.Context(), "ann", password)
	ok(t, err)
	p.disable(t, ann, true)
	if _, err := p.Choose(t.Context(), proved, "battery staple"); !errors.Is(err, store.Conflict) {
		t.Errorf("chosen: %v", err)
	}
}

// A change of a user leaves alone what is not the editor's to change, and the password.
func TestAChangeLeavesTheRestAlone(t *testing.T) {
	t.Parallel()
	p := newPeople(t, cheap)
	ann, bob := p.create(t, "ann"), p.create(t, "bob")
	before, after, err := p.Change(t.Context(), ann.ID, func(u *oauth.User) error {
		u.ID, u.Name, u.Created, u.Revision, u.DisplayName = bob.ID, "eve", time.Time{}, 7, " Ann "
		return nil
	})
	want := before
	want.DisplayName, want.Updated, want.Revision = "Ann", after.Updated, before.Revision+1
	if err != nil || after != want {
		t.Errorf("after the change: %+v, %v; want %+v", after, err, want)
	}
	if account, err := p.Verify(t.Context(), "ann", password); err != nil || account.User.Revision != after.Revision {
		t.Errorf("the password after the change: %v", err)
	}
}

func TestListPages(t *testing.T) {
	t.Parallel()
	p := newPeople(t, cheap)
	for _, name := range []string{"ann", "bob", "cid"} {
		p.create(t, name)
	}
	seen := map[string]bool{}
	var after oauth.UserID
	for range 3 {
		page, err := p.List(t.Context(), after, 2)
		ok(t, err)
		for _, user := range page {
			seen[user.Name], after = true, user.ID
		}
	}
	if len(seen) != 3 {
		t.Errorf("saw %v", seen)
	}
	if user, err := p.Get(t.Context(), after); err != nil || user.ID != after {
		t.Errorf("%v", err)
	}
	if _, err := p.Get(t.Context(), "0b6c9a52-7c1e-4c39-9a55-0d2f6f5f3aff"); !errors.Is(err, store.Absent) {
		t.Errorf("nobody: %v", err)
	}
}

func TestCouldNotAskIsNotNo(t *testing.T) {
	t.Parallel()
	p := newPeople(t, cheap)
	ann := p.create(t, "ann")
	account, err := p.Account(t.Context(), ann.ID)
	ok(t, err)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, verifying := p.Verify(ctx, "ann", password)
	_, creating := p.Create(ctx, "bob", password, "", "")
	_, listing := p.List(ctx, "", 10)
	_, _, setting := p.SetPassword(ctx, ann.ID, password, false)
	_, choosing := p.Choose(ctx, account, "battery staple")
	_, _, disabling := p.Change(ctx, ann.ID, func(u *oauth.User) error { u.Disabled = true; return nil })
	for name, err := range map[string]error{
		"verify": verifying, "create": creating, "list": listing, "disable": disabling, "set": setting,
		"check": p.CheckChoice(ctx, account, "battery staple"), "choose": choosing,
	} {
		if oauth.AsError(err).Code != oauth.TemporarilyUnavailable {
			t.Errorf("%s: %v", name, err)
		}
	}
	if len(p.Emitted()) != 0 {
		t.Errorf("an outage was told as %+v", p.Emitted())
	}
}

func ok(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
