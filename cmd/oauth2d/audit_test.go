package main

import (
	"regexp"
	"strings"
	"testing"

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
		if strings.Count(out, "\n") != 2 || !strings.Contains(out, "request.refused") || !strings.Contains(out, "https://typo.example/callback") ||
			!strings.Contains(out, "redirect_uri does not match") {
			t.Errorf("%q finds:\n%s", written, out)
		}
	}
	if exit, _, told := terminal(t, operator(d), "audit", "query", "--request-id", "AAAAA-AAAAA"); exit != exitNotFound || !strings.Contains(told, "AAAAA-AAAAA") {
		t.Errorf("an unknown code: %d, %s", exit, told)
	}
}
