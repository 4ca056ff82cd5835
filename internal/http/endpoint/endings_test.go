package endpoint_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"regexp"
	"runtime"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/recipe-web-app/oauth2d/internal/admin"
	"github.com/recipe-web-app/oauth2d/internal/app"
	"github.com/recipe-web-app/oauth2d/internal/oauth"
	"github.com/recipe-web-app/oauth2d/internal/redis/redisconn"
	"github.com/recipe-web-app/oauth2d/internal/redis/redisstore"
	"github.com/recipe-web-app/oauth2d/internal/redis/redistest"
	"github.com/recipe-web-app/oauth2d/internal/secret"
	"github.com/recipe-web-app/oauth2d/internal/store"
	"github.com/recipe-web-app/oauth2d/internal/testkit"
)

const (
	ownPassword   = "correct horse battery"
	otherPassword = "another horse battery"
)

// heap is one user who gave away a lot, and the two clients whose tokens are looked at.
type heap struct {
	d        *testkit.Daemon
	user     oauth.User
	person   *testkit.Person
	operator string // an access token for the admin API
	parties  []testkit.Party
	issued   []testkit.Answer
}

// grantsOfHeap returns the number of grants that the user has beside those of the two clients. With 100000 the test takes
// minutes; the figures in docs/limits.md were measured so.
func grantsOfHeap(t *testing.T) int {
	t.Helper()
	text := os.Getenv("OAUTH2D_TEST_GRANTS")
	if text == "" {
		return 3 * oauth.MaxGrantsOfClient
	}
	n, err := strconv.Atoi(text)
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// newHeap signs a new user in, lets two clients get tokens, and then stores the other grants as the daemon does.
func newHeap(t *testing.T, d *testkit.Daemon, grants store.Grants, name string) *heap {
	t.Helper()
	user, err := d.App.Direct().Directory.Create(t.Context(), name, ownPassword, "", "")
	if err != nil {
		t.Fatal(err)
	}
	h := &heap{d: d, user: user, person: testkit.NewPerson(t), operator: operatorToken(t, d)}
	h.person.Name, h.person.Password = name, ownPassword
	for _, format := range formats() {
		party := d.Register(t, full(oauth.ClientID(name+"-"+string(format)), format))
		answer := party.Login(t, h.person)
		h.parties, h.issued = append(h.parties, party), append(h.issued, answer)
	}
	h.fill(t, grants)
	return h
}

func formats() []oauth.TokenFormat { return []oauth.TokenFormat{oauth.FormatOpaque, oauth.FormatJWT} }

func operatorToken(t *testing.T, d *testkit.Daemon) string {
	t.Helper()
	party := testkit.Party{Base: d.Base, ID: app.DemoAdmin, Secret: app.DemoAdminSecret}
	answer := party.Token(t, url.Values{"grant_type": {"client_credentials"}, "scope": {"admin:*"}})
	if answer.Status != http.StatusOK {
		t.Fatalf("%d %s", answer.Status, answer.Raw)
	}
	return answer.Text("access_token")
}

// root finds the user's browser.
func (h *heap) root(t *testing.T) oauth.RootTag {
	t.Helper()
	page, err := h.d.App.Direct().Operator().FindSessions(t.Context(), admin.SessionFilter{User: h.user.ID}, admin.SessionCursor{}, 1)
	if err != nil || len(page.Sessions) == 0 {
		t.Fatalf("%d sessions, %v", len(page.Sessions), err)
	}
	return page.Sessions[0].Root
}

func (h *heap) fill(t *testing.T, grants store.Grants) {
	t.Helper()
	root, now, n := h.root(t), time.Now(), grantsOfHeap(t)
	var all sync.WaitGroup
	const lanes = 64
	for lane := range lanes {
		all.Go(func() {
			for i := lane; i < n; i += lanes {
				g := oauth.Grant{
					Ref:    oauth.NewGrantID(h.user.ID, root, secret.Random(oauth.GrantEntropy)).Ref(),
					Client: oauth.ClientID(fmt.Sprint("heap-", i/oauth.MaxGrantsOfClient)), User: h.user.ID, Username: h.user.Name,
					Scope: oauth.Scopes{"read"}, Born: now, Expires: now.Add(time.Hour), End: now.Add(time.Hour), Serial: 1, SpentAt: now,
				}
				if err := grants.Create(t.Context(), g); err != nil {
					t.Error(err)
					return
				}
			}
		})
	}
	all.Wait()
}

// call asks the admin API.
func (h *heap) call(t *testing.T, method, path string, body any) int {
	t.Helper()
	raw, err := json.Marshal(body)
	if err != nil {
		t.Fatal(err)
	}
	request, err := http.NewRequestWithContext(t.Context(), method, h.d.Admin+"/admin/v1"+path, bytes.NewReader(raw))
	if err != nil {
		t.Fatal(err)
	}
	request.Header.Set("Authorization", "Bearer "+h.operator)
	request.Header.Set("Content-Type", "application/json")
	if method == http.MethodPatch {
		request.Header.Set("Content-Type", "application/merge-patch+json")
	}
	answer := testkit.Do(t, request)
	if answer.Status >= http.StatusBadRequest {
		t.Logf("%s %s: %s", method, path, answer.Raw)
	}
	return answer.Status
}

// token finds the form token of the account page or of the sign-out form.
var formToken = regexp.MustCompile(`action="[^"]*/(account|logout)"><input type="hidden" name="csrf" value="([^"]+)"|` +
	`action="[^"]*/(account)">\s*<input type="hidden" name="csrf" value="([^"]+)"`)

// submit sends a form of the account page.
func (h *heap) submit(t *testing.T, person *testkit.Person, path string, fields url.Values) int {
	t.Helper()
	page := person.Get(t, h.d.Base+"/account")
	for _, found := range formToken.FindAllStringSubmatch(page.Body, -1) {
		if "/"+found[1]+found[3] == path {
			fields.Set("csrf", found[2]+found[4])
		}
	}
	return person.PostForm(t, h.d.Base+path, fields).Status
}

// ended checks that everything that was issued is dead afterwards.
func (h *heap) ended(t *testing.T, verb string) {
	t.Helper()
	for i, party := range h.parties {
		issued := h.issued[i]
		access := issued.Text("access_token")
		if answer := party.Refresh(t, issued.Text("refresh_token")); answer.Status != http.StatusBadRequest || answer.Text("error") != "invalid_grant" {
			t.Errorf("%s: %s refreshes: %d %s", verb, party.ID, answer.Status, answer.Raw)
		}
		if party.Active(t, access) || party.Active(t, issued.Text("refresh_token")) {
			t.Errorf("%s: a token of %s is active", verb, party.ID)
		}
		request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, h.d.Base+"/userinfo", http.NoBody)
		if err != nil {
			t.Fatal(err)
		}
		request.Header.Set("Authorization", "Bearer "+access)
		if answer := testkit.Do(t, request); answer.Status != http.StatusUnauthorized {
			t.Errorf("%s: userinfo for %s: %d", verb, party.ID, answer.Status)
		}
	}
}

// endings are the verbs that end what a user gave away, and the lists of it.
func endings() map[string]struct {
	do   func(*testing.T, *heap) int
	ends bool
} {
	type ending = struct {
		do   func(*testing.T, *heap) int
		ends bool
	}
	user := func(h *heap) string { return "/users/" + string(h.user.ID) }
	return map[string]ending{
		"password": {func(t *testing.T, h *heap) int {
			return h.call(t, http.MethodPut, user(h)+"/password", map[string]string{"password": otherPassword})
		}, true},
		"disable": {func(t *testing.T, h *heap) int {
			return h.call(t, http.MethodPatch, user(h), map[string]bool{"disabled": true})
		}, true},
		"delete": {func(t *testing.T, h *heap) int { return h.call(t, http.MethodDelete, user(h), nil) }, true},
		"revoke": {func(t *testing.T, h *heap) int {
			return h.call(t, http.MethodPost, user(h)+"/tokens/revoke", map[string]string{})
		}, true},
		"end-sessions": {func(t *testing.T, h *heap) int {
			return h.call(t, http.MethodPost, "/sessions/end", map[string]any{"filter": map[string]string{"user_id": string(h.user.ID)}})
		}, true},
		"list": {func(t *testing.T, h *heap) int {
			return h.call(t, http.MethodGet, "/grants?limit=200&user_id="+string(h.user.ID), nil)
		}, false},
		"account": {func(t *testing.T, h *heap) int { return h.person.Get(t, h.d.Base+"/account").Status }, false},
		"withdraw": {func(t *testing.T, h *heap) int {
			return h.submit(t, h.person, "/account", url.Values{"action": {"withdraw"}, "client": {"heap-0"}})
		}, false},
		"own-password": {func(t *testing.T, h *heap) int {
			return h.submit(t, h.person, "/account", url.Values{
				"action": {"change_password"}, "current_password": {ownPassword}, "new_password": {otherPassword},
			})
		}, true},
		"elsewhere": {func(t *testing.T, h *heap) int {
			here := testkit.NewPerson(t)
			here.Name, here.Password = h.user.Name, ownPassword
			here.Authorize(t, h.d.Base+"/login")
			return h.submit(t, here, "/account", url.Values{"action": {"end_others"}})
		}, true},
		"sign-out": {func(t *testing.T, h *heap) int { return h.submit(t, h.person, "/logout", url.Values{}) }, true},
	}
}

// S01: whatever a user gave away, every verb that ends it answers within a second, takes no more memory for
// more grants, and ends all of it.
func TestF_S01_EveryEndingIsQuickHoweverMuchThereIs(t *testing.T) {
	server := redistest.Start(t)
	d := testkit.Start(t, testkit.Redis(server.Addr))
	db, err := redisconn.Open(t.Context(), redisconn.Options{
		Mode: redisconn.Standalone, Addrs: []string{server.Addr}, Timeout: 10 * time.Second, DialTimeout: 5 * time.Second,
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	grants := redisstore.NewGrants(db)
	for n := range 40 {
		d.Register(t, full(oauth.ClientID(fmt.Sprint("heap-", n)), oauth.FormatOpaque))
	}
	for verb, e := range endings() {
		h := newHeap(t, d, grants, "user-"+verb)
		runtime.GC()
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		began := time.Now()
		status := e.do(t, h)
		took := time.Since(began)
		runtime.ReadMemStats(&after)
		allocated := (after.TotalAlloc - before.TotalAlloc) >> 10
		t.Logf("%-12s %d in %6.1f ms, %6d KiB allocated", verb, status, float64(took.Microseconds())/1000, allocated)
		if status >= http.StatusBadRequest || took > time.Second || allocated > 64<<10 {
			t.Errorf("%s: %d in %v, %d KiB allocated", verb, status, took, allocated)
		}
		if e.ends {
			h.ended(t, verb)
			continue
		}
		for i, party := range h.parties {
			if answer := party.Refresh(t, h.issued[i].Text("refresh_token")); answer.Status != http.StatusOK {
				t.Errorf("%s ended what it should not: %s: %d %s", verb, party.ID, answer.Status, answer.Raw)
			}
		}
	}
}

// S01: of the codes that one browser gets for one client and does not redeem, ten are good. Tabs that sign in
// at the same time all finish.
func TestF_S01_ABrowserPilesUpNoCodes(t *testing.T) {
	t.Parallel()
	d := testkit.Start(t)
	party, person := d.Register(t, full("app", oauth.FormatOpaque)), testkit.NewPerson(t)
	other := d.Register(t, full("other", oauth.FormatOpaque))
	kept := other.Code(t, person, nil)
	party.Login(t, person)
	var codes []string
	for range oauth.MaxCodesOfBrowser + 2 {
		codes = append(codes, person.Get(t, party.AuthorizeURL(map[string]string{"prompt": "none"})).Query(t).Get("code"))
	}
	for i, code := range codes {
		want := http.StatusOK
		if i < 2 {
			want = http.StatusBadRequest
		}
		if answer := party.Redeem(t, code); answer.Status != want {
			t.Errorf("code %d: %d %s", i, answer.Status, answer.Raw)
		}
	}
	if answer := other.Redeem(t, kept); answer.Status != http.StatusOK {
		t.Errorf("another client's code: %d %s", answer.Status, answer.Raw)
	}
}
