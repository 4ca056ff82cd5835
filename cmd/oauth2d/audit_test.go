package main

import (
	"regexp"
	"strings"
	"testing"

	"github.com/recipe-web-app/oauth2d/internal/cli/exit"
	"github.com/recipe-web-app/oauth2d/internal/testkit"
)

// An operator finds why somebody was refused by the code that they read out, however it was written down.
func TestF_N02_TheCodeOfAnErrorPageFindsItsReason(t *testing.T) {
	t.Parallel()
	d := testkit.Start(t)
	shown := testkit.NewPerson(t).Get(t, d.Demo().AuthorizeURL(map[string]string{"redirect_uri": "https://typo.example/callback"}))
	code := regexp.MustCompile(`[A-Z2-7]{5}-[A-Z2-7]{5}`).FindString(shown.Body)
	d.Facts(t) // waits until they are written
	for _, written := range []string{code, strings.ToLower(code), strings.ReplaceAll(code, "-", "")} {
		out, _ := works(t, operator(d), "audit", "query", "--request-id", written)
		if strings.Count(out, "request.refused") != 1 || !strings.Contains(out, "https://typo.example/callback") ||
			!strings.Contains(out, "redirect_uri does not match") {
			t.Errorf("%q finds:\n%s", written, out)
		}
	}
	if code, _, told := terminal(t, operator(d), "audit", "query", "--request-id", "AAAAA-AAAAA"); code != exit.NotFound || !strings.Contains(told, "AAAAA-AAAAA") {
		t.Errorf("an unknown code: %d, %s", code, told)
	}
}

// A subject is found by the name that people know, and a name that nobody has is not an empty answer.
func TestF_N05_AuditQueryTakesNamesAndRefusesUnknownOnes(t *testing.T) {
	t.Parallel()
	d := testkit.Start(t)
	as := operator(d)
	works(t, as, "user", "create", "ada", "--generate")
	works(t, as, "user", "create", "eve", "--generate")
	works(t, as, "client", "create", "planner", "--grant", "client_credentials", "--scope", "read")
	d.Facts(t) // waits until they are written
	for _, name := range []string{"ada", "ADA"} {
		out, _ := works(t, as, "audit", "query", "--subject", name, "--event", "user.create")
		if strings.Count(out, "user.create  ") != 1 || !strings.Contains(out, `"username":"ada"`) || !strings.Contains(out, " done ") {
			t.Errorf("%s: %s", name, out)
		}
	}
	for _, flag := range []string{"--subject", "--client"} {
		if _, told := works(t, as, "audit", "query", flag, "planner"); told != "" {
			t.Errorf("%s planner: %s", flag, told)
		}
	}
	for _, wrong := range [][2]string{{"--subject", "adda"}, {"--subject", "ada@example.com"}, {"--subject", "a b"}, {"--client", "plannner"}} {
		code, out, told := terminal(t, as, "audit", "query", wrong[0], wrong[1])
		if code != exit.NotFound || out != "" || !strings.Contains(told, wrong[1]) || !strings.Contains(told, wrong[0]) {
			t.Errorf("%v: %d, %q, %q", wrong, code, out, told)
		}
	}
	if out, _ := works(t, as, "audit", "query", "--event", "request.refused"); strings.Contains(out, "not_found") {
		t.Errorf("asking for unknown names is recorded as refusals: %s", out)
	}
	// What is recorded of somebody who is gone is still found.
	works(t, as, "client", "delete", "planner", "--yes")
	d.Facts(t)
	if out, _ := works(t, as, "audit", "query", "--subject", "planner"); !strings.Contains(out, "client.delete") {
		t.Errorf("a client that was deleted: %s", out)
	}
}
