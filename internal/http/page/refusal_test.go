package page_test

import (
	"net/http"
	"net/url"
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/recipe-web-app/oauth2d/internal/testkit"
)

var supportCode = regexp.MustCompile(`>([A-Z2-7]{5}-[A-Z2-7]{5})<`)

// codeOn reads the code for support off an error page.
func codeOn(t *testing.T, page testkit.Page) string {
	t.Helper()
	found := supportCode.FindStringSubmatch(page.Body)
	if found == nil {
		t.Fatalf("no code on the page:\n%s", page.Body)
	}
	return found[1]
}

// factOf returns the line of the audit log that a code finds.
func factOf(t *testing.T, d *testkit.Daemon, code string) string {
	t.Helper()
	for line := range strings.Lines(d.Facts(t)) {
		if strings.Contains(line, `"request_id":"`+code+`"`) {
			return line
		}
	}
	t.Errorf("no fact of the request %s", code)
	return ""
}

// What a person is refused at /authorize is on the page, in the server's log and in the audit log, with one code.
func TestF_N02_ARefusalAtAuthorizeIsFoundByItsCode(t *testing.T) {
	t.Parallel()
	d := testkit.Start(t)
	person := testkit.NewPerson(t)
	for reason, with := range map[string]map[string]string{
		"redirect_uri does not match": {"redirect_uri": "https://typo.example/callback"},
		"no such client":              {"client_id": "typo", "redirect_uri": "https://typo.example/callback"},
	} {
		shown := person.Get(t, d.Demo().AuthorizeURL(with))
		want(t, shown.Body, reason, "<h1>")
		if shown.Status != http.StatusBadRequest || strings.Contains(shown.Body, "<details") {
			t.Errorf("%d, or the reason is hidden:\n%s", shown.Status, shown.Body)
		}
		code := codeOn(t, shown)
		fact := factOf(t, d, code)
		want(t, fact, `"event":"request.refused"`, reason, `"sent_redirect_uri":"https://typo.example/callback"`, `"code":"invalid_request"`)
		if id := with["client_id"]; id != "" {
			want(t, fact, `"sent_client":"`+id+`"`)
		} else {
			want(t, fact, `"client_id":"demo"`)
		}
		want(t, d.Log.String(), `"request_id":"`+code+`"`)
	}
	back := person.Get(t, d.Demo().AuthorizeURL(map[string]string{"response_type": "token"}))
	want(t, factOf(t, d, back.Header.Get("X-Request-Id")), `"event":"request.refused"`, `"code":"unsupported_response_type"`, `"client_id":"demo"`)
}

func TestF_N02_WhatARequestHeldIsRecordedInBounds(t *testing.T) {
	t.Parallel()
	d := testkit.Start(t)
	shown := testkit.NewPerson(t).Get(t, d.Demo().AuthorizeURL(map[string]string{
		"redirect_uri": "https://typo.example/\n" + strings.Repeat("x", 3000), "client_id": strings.Repeat("y", 3000),
	}))
	fact := factOf(t, d, codeOn(t, shown))
	if len(fact) > 2000 || !strings.Contains(fact, `https://typo.example/?xxx`) {
		t.Errorf("%s", fact)
	}
}

func TestF_N02_APageThatRefusesIsFoundByItsCode(t *testing.T) {
	t.Parallel()
	d := testkit.Start(t)
	shown := testkit.NewPerson(t).PostForm(t, d.Base+"/login", url.Values{"username": {"demo"}})
	fact := factOf(t, d, codeOn(t, shown))
	want(t, fact, `"event":"request.refused"`, `"route":"/login"`, `"code":"forbidden_origin"`, "not sent from the page")
	if nothing := testkit.NewPerson(t).Get(t, d.Base+"/nothing-here"); supportCode.MatchString(nothing.Body) {
		t.Error("an address that does not exist has a code that finds nothing")
	}
}

// The runbook names what the sign-in page says, so that an operator recognises it on the telephone.
func TestF_N05_TheRunbookQuotesTheSignInPage(t *testing.T) {
	t.Parallel()
	d, person := testkit.Start(t), testkit.NewPerson(t)
	const words = "Wrong user name or password"
	shown := person.Submit(t, person.Get(t, d.Base+"/login"), map[string]string{"username": "demo", "password": "wrong"})
	if !strings.Contains(shown.Body, words) {
		t.Errorf("the page says: %s", shown.Body)
	}
	runbook, err := os.ReadFile("../../../docs/cannot-sign-in.md")
	if err != nil || !strings.Contains(string(runbook), words) {
		t.Errorf("the runbook does not: %v", err)
	}
}
