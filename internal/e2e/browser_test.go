package e2e

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	cdplog "github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
	"golang.org/x/oauth2"

	"github.com/recipe-web-app/oauth2d/internal/redis/redistest"
)

// shots is the folder of the screenshots, for people to look at.
const shots = "../../build/screenshots"

// A person signs in with a real browser, on a phone and on a desktop.
func TestBrowser(t *testing.T) {
	t.Parallel()
	s := newSite(t, "", "", append(onRedis(redistest.Start(t)), "OAUTH2D_BRAND_NAME=Recipe Kitchen", "OAUTH2D_BRAND_SUPPORT_URL=https://example.com/help",
		"OAUTH2D_BRAND_FOOTER=Cooked with care.")...)
	s.serve(t)
	app := s.client(t, "pocket", publicApp...)
	people := map[string]string{"phone": "ada", "desk": "grace"} // each is asked for consent
	for _, name := range people {
		s.user(t, name, "a long enough password")
	}
	browser := chromium(t)
	for _, size := range []size{{"phone", 390, 844}, {"desk", 1280, 800}} {
		t.Run(size.name, func(t *testing.T) {
			t.Parallel()
			walk(t, open(t, browser, size), s, app, people[size.name])
		})
	}
}

// chromium starts a browser, whose tabs share nothing but the process.
func chromium(t *testing.T) context.Context {
	if err := os.MkdirAll(shots, 0o755); err != nil {
		t.Fatal(err)
	}
	allocator, stop := chromedp.NewExecAllocator(t.Context(), append(chromedp.DefaultExecAllocatorOptions[:],
		chromedp.ExecPath("/usr/bin/chromium"), chromedp.NoSandbox)...)
	t.Cleanup(stop)
	browser, quit := chromedp.NewContext(allocator)
	t.Cleanup(quit)
	if err := chromedp.Do(browser); err != nil {
		t.Fatal(err)
	}
	return browser
}

type size struct {
	name          string
	width, height int64
}

// tab is a browser with cookies of its own.
type tab struct {
	*testing.T
	ctx  context.Context
	size size

	mu         sync.Mutex
	complaints []string // messages of the console and the runtime
	refusals   int      // pages that were answered with 400 or 401
}

func open(t *testing.T, browser context.Context, size size) *tab {
	b := &tab{T: t, size: size}
	ctx, done := chromedp.NewContext(browser, chromedp.WithNewBrowserContext(), chromedp.WithListener(b.listen))
	t.Cleanup(done)
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	t.Cleanup(cancel)
	b.ctx = ctx
	b.do(chromedp.EmulateViewport(size.width, size.height))
	return b
}

// listen collects violations: of the content security policy, and exceptions of scripts.
func (b *tab) listen(event any) {
	b.mu.Lock()
	defer b.mu.Unlock()
	switch e := event.(type) {
	case *cdplog.EventEntryAdded:
		if strings.Contains(e.Entry.Text, "the server responded with a status of 40") {
			b.refusals++ // called for every error status; a wrong password causes one
		} else if e.Entry.Level == cdplog.EntryLevelError {
			b.complaints = append(b.complaints, e.Entry.Text+" "+e.Entry.URL)
		}
	case *runtime.EventExceptionThrown:
		b.complaints = append(b.complaints, e.ExceptionDetails.Text)
	}
}

func (b *tab) do(steps ...chromedp.Action[chromedp.Void]) {
	b.Helper()
	if err := chromedp.Do(b.ctx, steps...); err != nil {
		b.Fatal(err)
	}
}

// press clicks an element that loads another page.
func (b *tab) press(selector string) {
	b.Helper()
	if _, err := chromedp.RunResponse(b.ctx, chromedp.Click(selector)); err != nil {
		b.Fatalf("pressing %s: %v", selector, err)
	}
}

func (b *tab) js(expression string) string {
	b.Helper()
	value, err := chromedp.Run(b.ctx, chromedp.Evaluate[string](expression))
	if err != nil {
		b.Fatalf("%s: %v", expression, err)
	}
	return value
}

// sees checks that the page contains some words and fits the screen, and takes a screenshot of it.
func (b *tab) sees(picture string, words ...string) {
	b.Helper()
	text := b.js("document.body.innerText")
	for _, word := range words {
		if !strings.Contains(text, word) {
			b.Errorf("%s: not a word of %q in %q", picture, word, text)
		}
	}
	if wide := b.js("String(document.documentElement.scrollWidth - document.documentElement.clientWidth)"); wide != "0" {
		b.Errorf("%s is %s pixels wider than the screen", picture, wide)
	}
	image, err := chromedp.Run(b.ctx, chromedp.CaptureScreenshot())
	if err != nil {
		b.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(shots, fmt.Sprintf("%s-%s.png", picture, b.size.name)), image, 0o644); err != nil {
		b.Fatal(err)
	}
}

// walk visits every page that a person sees.
func walk(t *testing.T, b *tab, s *site, app party, name string) {
	callback := listenAsClient(t, app)
	app.RedirectURL = callback.address
	b.do(chromedp.Navigate(app.request(callback.verifier)))
	b.sees("1-login", "Sign in to Pocket Recipes", "User name", "Password", "Recipe Kitchen", "Cooked with care.")
	if at := b.js("document.activeElement.name"); at != "username" {
		t.Errorf("the cursor is in %q", at)
	}

	b.do(chromedp.SendKeys(`input[name=username]`, name), chromedp.SendKeys(`input[name=password]`, "not the password"))
	b.press("button[type=submit]")
	b.sees("2-wrong", "Wrong user name or password")
	described := b.js(`document.getElementById(document.querySelector("input[name=password]").getAttribute("aria-describedby")).innerText`)
	typed := b.js(`document.querySelector("input[name=username]").value + "/" + document.querySelector("input[name=password]").value`)
	if !strings.Contains(described, "Wrong user name or password") || typed != name+"/" || b.js("document.activeElement.name") != "password" {
		t.Errorf("the field is described by %q, holds %q, and the cursor is in %q", described, typed, b.js("document.activeElement.name"))
	}

	b.do(chromedp.SendKeys(`input[name=password]`, "a long enough password"))
	b.press("button[type=submit]")
	b.sees("3-consent", "Pocket Recipes wants to", "127.0.0.1", name)
	b.press(`button[value=allow]`)
	b.sees("4-client", "the client has a token")
	if token := <-callback.tokens; token == nil || token.RefreshToken == "" {
		t.Errorf("the client got %v", token)
	}

	b.do(chromedp.Navigate(s.Issuer + "/account"))
	b.sees("5-account", "You are signed in as "+name)
	b.do(chromedp.Navigate(s.Issuer + "/logout"))
	b.sees("6-logout", "Sign out of Recipe Kitchen?")
	b.press("button[type=submit]")
	b.sees("7-signed-out", "You are signed out")
	b.do(chromedp.Navigate(s.Issuer + "/account"))
	b.sees("8-login-alone", "Sign in")

	stranger := app
	stranger.ClientID = "nobody-knows"
	b.do(chromedp.Navigate(stranger.request(callback.verifier)))
	b.sees("9-error", "This link does not work")
	b.others(app, callback.verifier)
	b.mu.Lock()
	defer b.mu.Unlock()
	if len(b.complaints) > 0 || b.refusals != 2 {
		t.Errorf("the browser complains of %q, and of %d refusals", b.complaints, b.refusals)
	}
}

// others visits the sign-in page in the dark scheme, and on the narrowest screen.
func (b *tab) others(app party, verifier string) {
	b.do(scheme("dark"), chromedp.Navigate(app.request(verifier)))
	b.sees("a-dark", "Sign in to Pocket Recipes")
	b.do(chromedp.EmulateViewport(320, 568))
	b.sees("b-narrow", "Sign in to Pocket Recipes")
}

// scheme emulates the color scheme that the person prefers: light or dark.
func scheme(name string) chromedp.Action[chromedp.Void] {
	return chromedp.Func(func(ctx context.Context, t *chromedp.Target) error {
		_, err := cdp.Call(ctx, t, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{
			Features: []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: name}},
		})
		return err
	})
}

// client is a relying party that waits for the browser to come back.
type client struct {
	address, verifier string
	tokens            chan *oauth2.Token
}

// listenAsClient runs the client's own page, which redeems the code.
func listenAsClient(t *testing.T, app party) *client {
	c := &client{verifier: oauth2.GenerateVerifier(), tokens: make(chan *oauth2.Token, 1)}
	page := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/callback" {
			http.NotFound(w, r)
			return
		}
		own := app
		own.RedirectURL = c.address
		token, err := own.Exchange(own.ctx(t), r.FormValue("code"), oauth2.VerifierOption(c.verifier))
		c.tokens <- token
		w.Header().Set("Content-Type", "text/html")
		fmt.Fprintf(w, "<!doctype html><link rel=icon href='data:,'><p>the client has a token: %v %v</p>", err == nil, r.FormValue("error"))
	}))
	t.Cleanup(page.Close)
	c.address = page.URL + "/callback"
	return c
}
