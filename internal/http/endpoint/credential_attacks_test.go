package endpoint_test

import (
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/recipe-web-app/oauth2d/internal/oauth"
	"github.com/recipe-web-app/oauth2d/internal/testkit"
)

// refused fails the test unless the answer is the error with its status and the headers that every
// refusal carries.
func refused(t *testing.T, a testkit.Answer, status int, code oauth.Code) {
	t.Helper()
	if a.Status != status || a.Text("error") != string(code) {
		t.Errorf("got %d %s, want %d %s", a.Status, a.Raw, status, code)
	}
	if a.Header.Get("Cache-Control") != "no-store" {
		t.Errorf("Cache-Control is %q", a.Header.Get("Cache-Control"))
	}
}

func TestC01_ASecondUseOfACodeKillsTheGrant(t *testing.T) {
	t.Parallel()
	d := testkit.Start(t)
	party := d.Demo()
	code := party.Code(t, testkit.NewPerson(t), nil)
	first := party.Redeem(t, code)
	if first.Status != http.StatusOK || !party.Active(t, first.Text("access_token")) {
		t.Fatalf("first use: %d %s", first.Status, first.Raw)
	}
	refused(t, party.Redeem(t, code), 400, oauth.InvalidGrant)
	if party.Active(t, first.Text("access_token")) {
		t.Error("the access token outlived the replay of its code")
	}
	refused(t, party.Refresh(t, first.Text("refresh_token")), 400, oauth.InvalidGrant)
}

func TestC02_OfFiftyParallelRedemptionsOneSucceeds(t *testing.T) {
	t.Parallel()
	d := testkit.Start(t)
	party := d.Demo()
	code := party.Code(t, testkit.NewPerson(t), nil)
	answers := parallel(50, func() testkit.Answer { return party.Redeem(t, code) })
	won := 0
	for _, a := range answers {
		if a.Status == http.StatusOK {
			won++
			continue
		}
		refused(t, a, 400, oauth.InvalidGrant)
	}
	if won != 1 {
		t.Errorf("%d redemptions succeeded", won)
	}
}

func TestR02_OfFiftyParallelRefreshesAllGetOneSuccessor(t *testing.T) {
	t.Parallel()
	d := testkit.Start(t)
	party := d.Demo()
	refresh := party.Login(t, testkit.NewPerson(t)).Text("refresh_token")
	answers := parallel(50, func() testkit.Answer { return party.Refresh(t, refresh) })
	successors, accesses := map[string]bool{}, map[string]bool{}
	for _, a := range answers {
		if a.Status != http.StatusOK {
			t.Errorf("a retry inside the grace: %d %s", a.Status, a.Raw)
		}
		successors[a.Text("refresh_token")], accesses[a.Text("access_token")] = true, true
	}
	if len(successors) != 1 || len(accesses) != 1 {
		t.Errorf("%d successors and %d access tokens of one refresh", len(successors), len(accesses))
	}
	for access := range accesses {
		if !party.Active(t, access) {
			t.Error("the access token of the refresh is dead")
		}
	}
}

func parallel(n int, do func() testkit.Answer) []testkit.Answer {
	answers := make([]testkit.Answer, n)
	var wait sync.WaitGroup
	start := make(chan struct{})
	for i := range n {
		wait.Go(func() {
			<-start
			answers[i] = do()
		})
	}
	close(start)
	wait.Wait()
	return answers
}

func TestC04_ACodeOfAnotherClientIsBurned(t *testing.T) {
	t.Parallel()
	d := testkit.Start(t)
	owner, other := d.Demo(), d.Register(t, oauth.Client{ID: "other", GrantTypes: []string{oauth.GrantAuthorizationCode}})
	code := owner.Code(t, testkit.NewPerson(t), nil)
	refused(t, other.Redeem(t, code), 400, oauth.InvalidGrant)
	refused(t, owner.Redeem(t, code), 400, oauth.InvalidGrant)
}

// A presenter that cannot prove a code changes nothing, be the code live or spent (rows C05, C09 and C12
// of the attacks): somebody that found it in a log can neither use it nor sign its owner out.
func TestF_S10_C05_C09_C12_AnUnprovenPresenterChangesNothing(t *testing.T) {
	t.Parallel()
	d := testkit.Start(t)
	party, public, person := d.Demo(), d.SPA(), testkit.NewPerson(t)
	for name, row := range map[string]struct {
		change url.Values
		want   oauth.Code
	}{
		"C05 another redirect_uri":      {url.Values{"redirect_uri": {"http://127.0.0.1:51005/callback"}}, oauth.InvalidGrant},
		"C09 no verifier":               {url.Values{"code_verifier": {""}}, oauth.InvalidRequest},
		"C12 another's verifier":        {url.Values{"code_verifier": {strings.Repeat("x", 43)}}, oauth.InvalidGrant},
		"C12 the challenge as verifier": {url.Values{"code_verifier": {oauth.ChallengeOf(testkit.Verifier)}}, oauth.InvalidGrant},
		"C12 a short verifier":          {url.Values{"code_verifier": {"x"}}, oauth.InvalidGrant},
	} {
		t.Run(name, func(t *testing.T) {
			code := party.Code(t, person, nil)
			form := url.Values{"grant_type": {"authorization_code"}, "code": {code}, "redirect_uri": {testkit.Callback}, "code_verifier": {testkit.Verifier}}
			maps.Copy(form, row.change)
			refused(t, party.Token(t, form), 400, row.want)
			tokens := party.Redeem(t, code)
			if tokens.Status != http.StatusOK {
				t.Fatalf("the live code: %d %s", tokens.Status, tokens.Raw)
			}
			refused(t, party.Token(t, form), 400, row.want)
			tokens = party.Refresh(t, tokens.Text("refresh_token")) // from here on the grant has forgotten its request
			refused(t, party.Token(t, form), 400, row.want)
			if !party.Active(t, tokens.Text("access_token")) {
				t.Error("the spent code ended the grant")
			}
			refused(t, party.Redeem(t, code), 400, oauth.InvalidGrant)
			if party.Active(t, tokens.Text("access_token")) {
				t.Error("a valid second use did not end the grant")
			}
		})
	}
	// The same by another door: a code cannot be revoked as a token, and a public client_id is anybody.
	code := public.Code(t, person, nil)
	tokens := public.Redeem(t, code)
	if a := public.Revoke(t, code); a.Status != http.StatusOK || !party.Active(t, tokens.Text("access_token")) {
		t.Errorf("revoking a spent code: %d, and the grant is dead", a.Status)
	}
}

func TestC06_CodesThatAreNone(t *testing.T) {
	t.Parallel()
	d := testkit.Start(t)
	party := d.Demo()
	code := party.Code(t, testkit.NewPerson(t), nil)
	for _, bad := range []string{"garbage", strings.Repeat("A", 4000), code[:59], code + "A", strings.ToUpper(code), "../../etc/passwd", "\r\n", "auth:grant:*"} {
		t.Run(fmt.Sprintf("%.20q of %d", bad, len(bad)), func(t *testing.T) {
			refused(t, party.Redeem(t, bad), 400, oauth.InvalidGrant)
		})
	}
	refused(t, party.Redeem(t, ""), 400, oauth.InvalidRequest)
	refused(t, party.Redeem(t, strings.Repeat("A", 10_000)), 400, oauth.InvalidRequest)
	d.Clock.Advance(10*time.Minute + time.Second)
	refused(t, party.Redeem(t, code), 400, oauth.InvalidGrant)
}

func TestC13_OneChallengeManyCodes(t *testing.T) {
	t.Parallel()
	d := testkit.Start(t)
	party, person := d.Demo(), testkit.NewPerson(t)
	one, two := party.Code(t, person, nil), party.Code(t, person, nil)
	if one == two {
		t.Fatal("two authorizations got one code")
	}
	for which, code := range map[string]string{"the first": one, "the second": two} {
		t.Run(which, func(t *testing.T) {
			if a := party.Redeem(t, code); a.Status != http.StatusOK {
				t.Errorf("%d %s", a.Status, a.Raw)
			}
			refused(t, party.Redeem(t, code), 400, oauth.InvalidGrant)
		})
	}
}

func TestR01_AnOldRefreshTokenKillsTheFamily(t *testing.T) {
	t.Parallel()
	d := testkit.Start(t)
	party := d.SPA()
	first := party.Login(t, testkit.NewPerson(t))
	second := party.Refresh(t, first.Text("refresh_token"))
	if second.Status != http.StatusOK || second.Text("refresh_token") == first.Text("refresh_token") {
		t.Fatalf("no rotation: %d %s", second.Status, second.Raw)
	}
	d.Clock.Advance(11 * time.Second) // past the grace
	refused(t, party.Refresh(t, first.Text("refresh_token")), 400, oauth.InvalidGrant)
	refused(t, party.Refresh(t, second.Text("refresh_token")), 400, oauth.InvalidGrant)
	for which, answer := range map[string]testkit.Answer{"the first": first, "the second": second} {
		t.Run(which, func(t *testing.T) {
			if d.Demo().Active(t, answer.Text("access_token")) {
				t.Error("an access token outlived the reuse")
			}
		})
	}
}

func TestR01_AnOlderSerialIsReuseEvenInsideTheGrace(t *testing.T) {
	t.Parallel()
	d := testkit.Start(t)
	party := d.SPA()
	first := party.Login(t, testkit.NewPerson(t)).Text("refresh_token")
	second := party.Refresh(t, first).Text("refresh_token")
	third := party.Refresh(t, second).Text("refresh_token")
	refused(t, party.Refresh(t, first), 400, oauth.InvalidGrant)
	refused(t, party.Refresh(t, third), 400, oauth.InvalidGrant)
}

func TestR09_IdleAndAbsoluteEnd(t *testing.T) {
	t.Parallel()
	d := testkit.Start(t)
	party := d.Demo()
	idle := party.Login(t, testkit.NewPerson(t)).Text("refresh_token")
	busy := party.Login(t, testkit.NewPerson(t)).Text("refresh_token")
	for range 13 {
		d.Clock.Advance(6*24*time.Hour + 12*time.Hour)
		answer := party.Refresh(t, busy)
		if answer.Status != http.StatusOK {
			t.Fatalf("a busy grant: %d %s", answer.Status, answer.Raw)
		}
		busy = answer.Text("refresh_token")
	}
	refused(t, party.Refresh(t, idle), 400, oauth.InvalidGrant) // 7 days idle
	// 13 · 6.5 days were 84.5 days of 90: one more week is past the absolute end.
	d.Clock.Advance(6*24*time.Hour + 12*time.Hour)
	refused(t, party.Refresh(t, busy), 400, oauth.InvalidGrant)
}

func TestRefreshNarrowsAndNeverWidens(t *testing.T) {
	t.Parallel()
	d := testkit.Start(t)
	party := d.Demo()
	refresh := party.Login(t, testkit.NewPerson(t)).Text("refresh_token")
	ask := func(scope string) testkit.Answer {
		return party.Token(t, url.Values{"grant_type": {"refresh_token"}, "refresh_token": {refresh}, "scope": {scope}})
	}
	refused(t, ask("read profile"), 400, oauth.InvalidScope)
	narrow := ask("read") // the slip before did not cost the grant
	if narrow.Status != http.StatusOK || narrow.Text("scope") != "read" {
		t.Fatalf("%d %s", narrow.Status, narrow.Raw)
	}
	if got := party.Introspect(t, narrow.Text("access_token")).Text("scope"); got != "read" {
		t.Errorf("the token carries %q", got)
	}
	if again := party.Refresh(t, narrow.Text("refresh_token")); again.Text("scope") != "read write" {
		t.Errorf("the grant's ceiling shrank: %s", again.Raw)
	}
}

func TestRotationIsAPolicyOfConfidentialClients(t *testing.T) {
	t.Parallel()
	d := testkit.Start(t)
	party := d.Register(t, oauth.Client{
		ID: "steady", GrantTypes: []string{oauth.GrantAuthorizationCode, oauth.GrantRefreshToken}, Rotation: oauth.RotateNever,
	})
	refresh := party.Login(t, testkit.NewPerson(t)).Text("refresh_token")
	seen := map[string]bool{}
	for range 3 {
		answer := party.Refresh(t, refresh)
		if answer.Status != http.StatusOK || !party.Active(t, answer.Text("access_token")) {
			t.Fatalf("%d %s", answer.Status, answer.Raw)
		}
		seen[answer.Text("access_token")] = true
		d.Clock.Advance(time.Minute)
	}
	if len(seen) != 3 {
		t.Errorf("three refreshes gave %d access tokens", len(seen))
	}
}
