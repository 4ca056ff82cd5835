package directory

import (
	"context"
	"errors"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/google/uuid"

	"github.com/recipe-web-app/oauth2d/internal/event"
	"github.com/recipe-web-app/oauth2d/internal/oauth"
	"github.com/recipe-web-app/oauth2d/internal/precis"
	"github.com/recipe-web-app/oauth2d/internal/ratelimit"
	"github.com/recipe-web-app/oauth2d/internal/secret"
	"github.com/recipe-web-app/oauth2d/internal/store"
)

// Options are the parts of a Directory; every field is needed but Guard.
type Options struct {
	Store  store.Users
	Hasher *secret.Hasher
	Events event.Sink
	Now    func() time.Time
	Guard  *ratelimit.Guard // bounds wrong passwords by user name and address; nil bounds nothing

	MinLength int      // characters of a password that is set; oauth.MinPassword when it is 0
	Words     []string // that stand for this service, such as its name; no password consists of them
}

// Directory finds, verifies and changes the users. It is safe for concurrent use.
type Directory struct{ o Options }

// New returns a Directory.
func New(o Options) *Directory {
	if o.MinLength == 0 {
		o.MinLength = oauth.MinPassword
	}
	return &Directory{o: o}
}

// changeTries bounds the attempts of one change against concurrent changes of the same user.
const changeTries = 5

// Get returns a user; store.Absent when there is none.
func (d *Directory) Get(ctx context.Context, id oauth.UserID) (oauth.User, error) {
	user, err := d.o.Store.Get(ctx, id)
	return user, unavailable(err)
}

// Account returns a user with their credentials; store.Absent when there is none.
func (d *Directory) Account(ctx context.Context, id oauth.UserID) (oauth.Account, error) {
	account, err := d.o.Store.Account(ctx, id)
	return account, unavailable(err)
}

// Find returns the user with a sign-in name, whatever its case and its spelling in Unicode; store.Absent when
// there is none. Users who were stored before names had one form are found as well.
func (d *Directory) Find(ctx context.Context, name string) (oauth.User, error) {
	return byName(ctx, d, name, d.o.Store.Get)
}

// byName reads the user with a sign-in name, by read.
func byName[T any](
	ctx context.Context, d *Directory, name string, read func(context.Context, oauth.UserID) (T, error),
) (T, error) {
	var none T
	if checkName(strings.TrimSpace(name)) != nil {
		return none, store.Absent
	}
	spellings := precis.NameSpellings(name)
	if len(spellings) > 1 { // a concurrent sign-in may have moved the user to the first one after it was looked up
		spellings = append(spellings, spellings[0])
	}
	for _, spelling := range spellings {
		id, err := d.o.Store.Find(ctx, spelling)
		found := none
		if err == nil {
			found, err = read(ctx, id)
		}
		if !errors.Is(err, store.Absent) {
			return found, unavailable(err)
		}
	}
	return none, store.Absent
}

// List pages through the users in the order of their ids: those after the cursor, at most limit.
// A user who is deleted meanwhile is left out.
func (d *Directory) List(ctx context.Context, after oauth.UserID, limit int) ([]oauth.User, error) {
	ids, err := d.o.Store.List(ctx, after, limit)
	if err != nil {
		return nil, oauth.Unavailable(err)
	}
	users := make([]oauth.User, 0, len(ids))
	for _, id := range ids {
		user, err := d.o.Store.Get(ctx, id)
		switch {
		case errors.Is(err, store.Absent):
		case err != nil:
			return nil, oauth.Unavailable(err)
		default:
			users = append(users, user)
		}
	}
	return users, nil
}

// Create adds a user with a name, a password, an email address and a display name, of which the last
// two may be empty. It refuses as Add does.
func (d *Directory) Create(ctx context.Context, name, password, email, display string) (oauth.User, error) {
	return d.Add(ctx, oauth.User{Name: name, Email: email, DisplayName: display}, password)
}

// Add adds a user under a new id. Spaces around what they are called do not count; a taken name is
// refused with invalid_request, store.Conflict being the cause.
func (d *Directory) Add(ctx context.Context, user oauth.User, password string) (oauth.User, error) {
	user, err := d.prepared(ctx, user)
	if err != nil {
		return oauth.User{}, err
	}
	hash, err := d.hash(ctx, user.Name, password)
	if err != nil {
		return oauth.User{}, err
	}
	return d.add(ctx, user, hash)
}

// AddHashed adds a user as Add does, whose password is not known, but its hash.
func (d *Directory) AddHashed(ctx context.Context, user oauth.User, hash string) (oauth.User, error) {
	user, err := d.prepared(ctx, user)
	if err != nil {
		return oauth.User{}, err
	}
	return d.add(ctx, user, hash)
}

func (d *Directory) add(ctx context.Context, user oauth.User, hash string) (oauth.User, error) {
	var err error
	user.Revision, err = d.o.Store.Put(ctx, oauth.Account{User: user, Credentials: oauth.Credentials{PasswordHash: hash}})
	switch {
	case errors.Is(err, store.Conflict):
		return oauth.User{}, nameTaken()
	case err != nil:
		return oauth.User{}, oauth.Unavailable(err)
	}
	return user, nil
}

// prepared returns a new user in the form in which they are stored, without a password.
func (d *Directory) prepared(ctx context.Context, user oauth.User) (oauth.User, error) {
	user = trimmed(user)
	user.ID, user.Revision = oauth.UserID(uuid.NewString()), 0
	user.Created = d.o.Now()
	user.Updated = user.Created
	var err error
	if user.Name, err = d.newName(ctx, user.Name); err != nil {
		return oauth.User{}, err
	}
	return user, checkProfile(user)
}

func nameTaken() error {
	return oauth.Refuse(oauth.InvalidRequest, "there is a user with this name already", store.Conflict)
}

// newName returns the form in which a new name is stored. One whose other spelling a user has is taken: the
// store knows only the spelling under which it was stored.
func (d *Directory) newName(ctx context.Context, typed string) (string, error) {
	if err := checkName(typed); err != nil {
		return "", err
	}
	name, err := precis.Name(typed)
	if err != nil {
		return "", oauth.Refuse(oauth.InvalidRequest, err.Error(), err)
	}
	switch _, err := d.Find(ctx, typed); {
	case err == nil:
		return "", nameTaken()
	case !errors.Is(err, store.Absent):
		return "", err
	}
	return name, nil
}

func trimmed(u oauth.User) oauth.User {
	u.Name, u.Email, u.DisplayName = strings.TrimSpace(u.Name), strings.TrimSpace(u.Email), strings.TrimSpace(u.DisplayName)
	return u
}

// Change applies edit to the newest revision of a user and returns the user before and after. It returns store.Absent
// when there is none, and store.Conflict when others kept changing them. It may call edit more than once, and passes
// its errors on. A name does not change, and edit cannot reach the credentials.
func (d *Directory) Change(ctx context.Context, id oauth.UserID, edit func(*oauth.User) error) (before, after oauth.User, err error) {
	was, is, err := d.changeAccount(ctx, id, func(a *oauth.Account) error { return edit(&a.User) })
	return was.User, is.User, err
}

// changeAccount is Change for edits of the credentials too.
func (d *Directory) changeAccount(ctx context.Context, id oauth.UserID, edit func(*oauth.Account) error) (before, after oauth.Account, err error) {
	var none oauth.Account
	for range changeTries {
		if before, err = d.Account(ctx, id); err != nil {
			return none, none, err
		}
		after = before
		if err := edit(&after); err != nil {
			return none, none, err
		}
		u := trimmed(after.User)
		u.ID, u.Name, u.Created, u.Revision = before.User.ID, before.User.Name, before.User.Created, before.User.Revision
		u.Updated = d.o.Now()
		if err := checkProfile(u); err != nil {
			return none, none, err
		}
		after.User = u
		after.User.Revision, err = d.o.Store.Put(ctx, after)
		switch {
		case err == nil:
			return before, after, nil
		case !errors.Is(err, store.Conflict):
			return none, none, unavailable(err)
		}
	}
	return none, none, store.Conflict
}

// Delete removes a user and frees the name; store.Absent when there was none. Sessions and grants
// are not touched: end them as well.
func (d *Directory) Delete(ctx context.Context, id oauth.UserID) error {
	return unavailable(d.o.Store.Delete(ctx, id))
}

// unavailable turns every error but absence into "could not ask" (503).
func unavailable(err error) error {
	switch {
	case err == nil:
		return nil
	case errors.Is(err, store.Absent):
		return store.Absent
	}
	return oauth.Unavailable(err)
}

// Limits on what is kept of a person besides name and password.
const (
	maxEmail   = 254 // bytes (RFC 5321 §4.5.3.1.3)
	maxDisplay = 100 // characters
)

func checkName(name string) error {
	switch {
	case name == "":
		return oauth.Refuse(oauth.InvalidRequest, "the user name is empty", nil)
	case len(name) > oauth.MaxUsername:
		return oauth.Refuse(oauth.InvalidRequest, "the user name is longer than 128 bytes", nil)
	case !printable(name):
		return oauth.Refuse(oauth.InvalidRequest, "the user name holds a character that is not allowed", nil)
	}
	return nil
}

func checkProfile(u oauth.User) error {
	if err := checkName(u.Name); err != nil {
		return err
	}
	if u.Email != "" && (len(u.Email) > maxEmail || strings.Count(u.Email, "@") != 1 || !printable(u.Email)) {
		return oauth.Refuse(oauth.InvalidRequest, "the email address is not valid", nil)
	}
	if utf8.RuneCountInString(u.DisplayName) > maxDisplay || !printable(u.DisplayName) {
		return oauth.Refuse(oauth.InvalidRequest, "the display name is longer than 100 characters or holds one that is not allowed", nil)
	}
	return nil
}
