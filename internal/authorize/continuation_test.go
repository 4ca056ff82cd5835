package authorize_test

import (
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/recipe-web-app/oauth2d/internal/authorize"
	"github.com/recipe-web-app/oauth2d/internal/oauth"
	"github.com/recipe-web-app/oauth2d/internal/store"
)

func TestA30_F_P02_AnInteractionOfAnotherBrowserBeginsAgain(t *testing.T) {
	t.Parallel()
	r := newRoom(t)
	s := r.signIn(t)
	sealed, err := r.Seal(t.Context(), r.pending(t, "state", "kept", "prompt", "consent"), ours())
	ok(t, err)
	p, err := r.Resume(t.Context(), sealed, ours())
	ok(t, err)
	if p.Restarted || p.Return.State != "kept" || p.Return.URI != callback || p.Scope.String() != "read" {
		t.Errorf("it came back as %+v", p)
	}
	decided, err := r.Seal(t.Context(), r.allow(t, p, s), ours())
	ok(t, err)
	p, err = r.Resume(t.Context(), decided, ours())
	ok(t, err)
	r.step(t, p, &s, authorize.Ready)
	for name, browser := range map[string]oauth.Browser{"another browser": {"another"}, "no browser": nil, "both": {"another", "third"}} {
		t.Run(name, func(t *testing.T) {
			p, err := r.Resume(t.Context(), decided, browser)
			ok(t, err)
			if !p.Restarted || p.Return.State != "kept" || p.Scope.String() != "read" {
				t.Errorf("%s: it came back as %+v", name, p)
			}
			r.step(t, p, &s, authorize.NeedConsent) // what was decided in the first browser counts there only
		})
	}
	if p, err = r.Resume(t.Context(), decided, oauth.Browser{"another", "a-browser"}); err != nil || p.Restarted {
		t.Errorf("a browser that was given two values at once: %v, restarted %v", err, p.Restarted)
	}
	foreign, err := newRoom(t).Seal(t.Context(), r.pending(t), ours())
	ok(t, err)
	for name, text := range map[string]string{
		"another server": foreign, "nothing": "", "cut off": sealed[:len(sealed)-1], "changed": flip(sealed, len(sealed)/2),
		"another key's name": flip(sealed, 1), "longer": sealed + "AAAA",
	} {
		t.Run(name, func(t *testing.T) {
			_, err := r.Resume(t.Context(), text, ours())
			refused(t, name, err, oauth.StaleInteraction, false)
		})
	}
}

func TestF_P02_AnOldInteractionBeginsAgain(t *testing.T) {
	t.Parallel()
	r := newRoom(t)
	s := r.signIn(t)
	p := r.pending(t, "prompt", "login consent")
	sealed, err := r.Seal(t.Context(), r.allow(t, p, s), ours())
	ok(t, err)
	r.Pass(authorize.InteractionLife - time.Minute)
	again, err := r.Resume(t.Context(), sealed, ours())
	ok(t, err)
	later, err := r.Seal(t.Context(), again, ours()) // sealing it again does not make it younger
	ok(t, err)
	if again.Restarted {
		t.Error("restarted before its end")
	}
	s = r.signIn(t)
	r.Pass(2 * time.Minute)
	for _, one := range []string{sealed, later} {
		p, err := r.Resume(t.Context(), one, ours())
		ok(t, err)
		if !p.Restarted {
			t.Error("not restarted after its end")
		}
		r.step(t, p, &s, authorize.NeedLogin) // neither the sign-in nor the decision was for the new request
	}
}

// S23: an interaction yields one code, however often and by whom it is presented.
func TestF_S23_AnInteractionYieldsOneCode(t *testing.T) {
	t.Parallel()
	r := newRoom(t)
	s := r.signIn(t)
	sealed, err := r.Seal(t.Context(), r.allow(t, r.pending(t), s), ours())
	ok(t, err)
	codes := make(chan oauth.Token, 40)
	var crowd sync.WaitGroup
	for range cap(codes) / 2 {
		crowd.Go(func() {
			p, err := r.Resume(t.Context(), sealed, ours())
			if err == nil {
				var answer authorize.Answer
				answer, err = r.Issue(t.Context(), p, s)
				codes <- answer.Code
			}
			if err != nil {
				t.Error(err)
			}
		})
	}
	crowd.Wait()
	close(codes)
	first := <-codes
	for code := range codes {
		if code != first {
			t.Error("a second code")
		}
	}
	page, err := r.grants.OfUser(t.Context(), store.GrantQuery{User: s.User, Limit: 100})
	grants := page.Grants
	ok(t, err)
	if len(grants) != 1 {
		t.Fatalf("%d grants", len(grants))
	}
	// Once the code is spent, or its grant has ended, or it has expired, no other one takes its place.
	for name, end := range map[string]func(oauth.Grant){
		"spent": func(g oauth.Grant) {
			_, err := r.grants.Advance(t.Context(), store.Presentation{
				Grant: g.Ref, Client: g.Client, Now: r.Now(), Rotate: true, Keep: time.Hour, Scope: g.Scope, Audience: g.Audience,
			})
			ok(t, err)
		},
		"ended":   func(g oauth.Grant) { ok(t, r.grants.Kill(t.Context(), g.Ref)) },
		"expired": func(oauth.Grant) { r.Pass(11 * time.Minute) },
	} {
		sealed, err := r.Seal(t.Context(), r.pending(t), ours())
		ok(t, err)
		p, err := r.Resume(t.Context(), sealed, ours())
		ok(t, err)
		var made oauth.Grant
		r.created = func(g oauth.Grant) { made = g }
		_, err = r.Issue(t.Context(), p, s)
		ok(t, err)
		end(made)
		_, err = r.Issue(t.Context(), p, s)
		refused(t, name, err, oauth.AlreadyAnswered, false)
		fresh, err := r.Restart(t.Context(), sealed)
		ok(t, err)
		if _, err := r.Issue(t.Context(), fresh, s); err != nil {
			t.Errorf("%s: starting again: %v", name, err)
		}
	}
	other := s
	other.User = "7d44f3f0-0000-4000-8000-000000000002"
	p, err := r.Resume(t.Context(), sealed, ours())
	ok(t, err)
	_, err = r.Issue(t.Context(), p, other)
	refused(t, "another person in the same browser", err, oauth.AlreadyAnswered, false)
}

// S23: in another browser, too, where the interaction is started again each time that it is loaded.
func TestF_S23_AnInteractionYieldsOneCodeInAnotherBrowser(t *testing.T) {
	t.Parallel()
	r := newRoom(t)
	s := r.signIn(t)
	r.allow(t, r.pending(t), s)
	for _, owner := range []oauth.Browser{{"another"}, nil} {
		sealed, err := r.Seal(t.Context(), r.pending(t), owner)
		ok(t, err)
		seen := map[oauth.Token]bool{}
		for range 5 {
			p, err := r.Resume(t.Context(), sealed, ours())
			ok(t, err)
			answer, err := r.Issue(t.Context(), p, s)
			ok(t, err)
			seen[answer.Code] = true
		}
		if len(seen) != 1 {
			t.Errorf("of %v: %d codes", owner != nil, len(seen))
		}
	}
}

// S23: an address that is kept for hours (a bookmark) and loaded again begins another grant each time. Under the
// id of an earlier one, the spent code and refresh tokens of that one would be good again.
func TestF_S23_AnAddressKeptForHoursNeverRepeatsAGrant(t *testing.T) {
	t.Parallel()
	r := newRoom(t)
	s := r.signIn(t)
	r.allow(t, r.pending(t), s)
	sealed, err := r.Seal(t.Context(), r.pending(t), ours())
	ok(t, err)
	seen := map[oauth.GrantRef]bool{}
	r.created = func(g oauth.Grant) { seen[g.Ref] = true }
	for n := range 5 {
		p, err := r.Resume(t.Context(), sealed, ours())
		ok(t, err)
		if _, err := r.Issue(t.Context(), p, s); err != nil {
			t.Errorf("after %d steps: %v", n, err)
		}
		r.Pass(authorize.InteractionLife + 10*time.Minute)
	}
	if len(seen) != 5 {
		t.Errorf("%d grants, want 5", len(seen))
	}
}

// S23: a request that no browser owns yet is taken up late, and answered later still. The mark must be there.
func TestF_S23_AMarkOutlivesEveryAnswerOfItsInteraction(t *testing.T) {
	t.Parallel()
	r := newRoom(t)
	s := r.signIn(t)
	r.allow(t, r.pending(t), s)
	sealed, err := r.Seal(t.Context(), r.pending(t), nil)
	ok(t, err)
	begun := r.Now()
	p, err := r.Resume(t.Context(), sealed, ours())
	ok(t, err)
	_, err = r.Issue(t.Context(), p, s)
	ok(t, err)
	if end := begun.Add(r.once.Keep); end.Before(begun.Add(2 * authorize.InteractionLife)) {
		t.Errorf("the mark lives for %v", r.once.Keep)
	}
}

func flip(text string, at int) string {
	other := byte('A')
	if text[at] == other {
		other = 'B'
	}
	return text[:at] + string(other) + text[at+1:]
}

func FuzzResume(f *testing.F) {
	r := newRoom(f)
	sealed, err := r.Seal(f.Context(), r.pending(f), ours())
	ok(f, err)
	f.Add(sealed, "a-browser")
	f.Add(sealed, "another")
	f.Add(sealed+"A", "a-browser")
	f.Add("", "")
	f.Add("AAAA", "a-browser")
	f.Add(strings.Repeat("A", 200), "a-browser")
	f.Fuzz(func(t *testing.T, text, cookie string) {
		p, err := r.Resume(t.Context(), text, oauth.Browser{oauth.Token(cookie)})
		if genuine := text == sealed; genuine != (err == nil) || err != nil && oauth.AsError(err).Code != oauth.StaleInteraction {
			t.Errorf("%q in %q: %v", text, cookie, err)
		}
		if err == nil && p.Restarted == (cookie == "a-browser") {
			t.Errorf("in %q: restarted %v", cookie, p.Restarted)
		}
	})
}
