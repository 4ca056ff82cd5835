package page_test

import (
	"os"
	"strings"
	"testing"

	"github.com/recipe-web-app/oauth2d/internal/testkit"
)

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
