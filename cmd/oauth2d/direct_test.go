package main

import (
	"bytes"
	"context"
	"encoding/json"
	"net/http"
	"net/url"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/recipe-web-app/oauth2d/internal/cli/console"
	"github.com/recipe-web-app/oauth2d/internal/http/adminwire"
	"github.com/recipe-web-app/oauth2d/internal/redis/redistest"
	"github.com/recipe-web-app/oauth2d/internal/testkit"
)

// site is the settings that the commands and a server share.
type site []string

func newSite(t *testing.T) site {
	t.Helper()
	return site{
		"OAUTH2D_REDIS_MODE=standalone",
		"OAUTH2D_REDIS_ADDRS=" + redistest.Start(t, "repl-diskless-sync-delay 0").Addr,
		"OAUTH2D_MASTER_KEY=AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=",
	}
}

// do carries out a command that must succeed; input is its standard input.
func (s site) do(t *testing.T, input string, args ...string) (out, messages string) {
	t.Helper()
	var stdout, stderr bytes.Buffer
	code := run(t.Context(), console.Console{In: strings.NewReader(input), Out: &stdout, Err: &stderr, Environ: s}, append(args, "--direct"))
	if code != 0 {
		t.Fatalf("%v: code %d: %s", args, code, stderr.String())
	}
	return stdout.String(), stderr.String()
}

// fails carries out a command that must be refused, and returns the one line that says why.
func (s site) fails(t *testing.T, args ...string) string {
	t.Helper()
	code, out, messages := terminal(t, s, append(args, "--direct")...)
	if code == 0 || out != "" || strings.Count(messages, "\n") != 1 {
		t.Errorf("%v: code %d, %q, %q; want a refusal in one line", args, code, out, messages)
	}
	return messages
}

// A client that was registered straight in Redis works with a server that runs on it, from the next
// request on, and is refused within a second after it was deleted; its tokens are dead then.
func TestClientCommands(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	secret, told := s.do(t, "", "client", "create", "planner", "--grant", "client_credentials", "--scope", "read write", "--introspection", "any")
	secret = strings.TrimSuffix(secret, "\n")
	if !regexp.MustCompile(`^[A-Za-z0-9_-]{43,}$`).MatchString(secret) || strings.Contains(told, secret) {
		t.Fatalf("the secret is not alone on stdout: %q, %q", secret, told)
	}
	issuer := s.serve(t)
	_, first := form(t, issuer+"/token", "planner", secret, url.Values{"grant_type": {"client_credentials"}})
	access, _ := first["access_token"].(string)
	if access == "" {
		t.Fatalf("no token: %v", first)
	}
	s.do(t, "", "client", "create", "watcher", "--grant", "client_credentials", "--introspection", "any", "--secret-file", writeFile(t, "a chosen secret\n"))
	if _, answer := form(t, issuer+"/introspect", "watcher", "a chosen secret", url.Values{"token": {access}}); answer["active"] != true {
		t.Errorf("a chosen secret: %v", answer)
	}
	list, _ := s.do(t, "", "client", "list", "--output", "json")
	var views []adminwire.Client
	if err := json.Unmarshal([]byte(list), &views); err != nil || len(views) != 2 || views[0].ID != "planner" || views[0].Scopes.String() != "read write" {
		t.Errorf("list: %v %s", err, list)
	}
	shown, _ := s.do(t, "", "client", "show", "planner", "--output", "yaml")
	if strings.Contains(shown, secret) || !strings.Contains(shown, "client_id: planner") {
		t.Errorf("show: %s", shown)
	}
	s.do(t, "", "client", "delete", "planner")
	redistest.Eventually(t, 10*time.Second, "a running server notices that a client was deleted", func() bool {
		status, _ := form(t, issuer+"/token", "planner", secret, url.Values{"grant_type": {"client_credentials"}})
		return status == http.StatusUnauthorized
	})
	if _, answer := form(t, issuer+"/introspect", "watcher", "a chosen secret", url.Values{"token": {access}}); answer["active"] != false {
		t.Errorf("the token of a deleted client: %v", answer)
	}
	for _, refused := range []struct{ args, why string }{
		{"client delete planner", "no such client"},
		{"client show planner", "no such client"},
		{"client create watcher --grant client_credentials", "taken"},
		{"client create 6ba7b810-9dad-11d1-80b4-00c04fd430c8 --grant client_credentials", "must not be a UUID"},
		{"client create spa --public --grant client_credentials", "public client"},
	} {
		if line := s.fails(t, strings.Fields(refused.args)...); !strings.Contains(line, refused.why) {
			t.Errorf("%s: told %q, want %q", refused.args, line, refused.why)
		}
	}
}

func TestUserCommands(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	s.do(t, "correct horse battery\n", "user", "create", "ada", "--email", "ada@example.com", "--display-name", "Ada")
	generated, told := s.do(t, "", "user", "create", "bob", "--generate")
	if len(strings.TrimSpace(generated)) < 20 || strings.Contains(told, strings.TrimSpace(generated)) {
		t.Errorf("a generated password: %q, %q", generated, told)
	}
	s.do(t, "another horse battery\n", "user", "set-password", "ada")
	list, _ := s.do(t, "", "user", "list")
	if strings.Count(list, "\n") != 3 || !strings.Contains(list, "ada@example.com") {
		t.Errorf("list: %s", list)
	}
	if line := s.fails(t, "user", "set-password", "ada"); !strings.Contains(line, "there is no secret") {
		t.Errorf("told %q", line)
	}
	if line := s.fails(t, "user", "set-password", "nobody", "--generate"); !strings.Contains(line, "there is no user") {
		t.Errorf("told %q", line)
	}
	if line := s.fails(t, "user", "create", "ADA", "--generate"); !strings.Contains(line, "with this name already") {
		t.Errorf("told %q", line)
	}
}

// A rotation makes a key that is published first; the one that signs stays until the new one has
// been read everywhere.
func TestKeyCommands(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	before, _ := s.do(t, "", "key", "list", "--output", "json")
	after, _ := s.do(t, "", "key", "rotate", "--output", "json")
	var old, now []adminwire.Key
	if json.Unmarshal([]byte(before), &old) != nil || json.Unmarshal([]byte(after), &now) != nil {
		t.Fatalf("no JSON: %s %s", before, after)
	}
	// The rotation makes the first RSA key as well: a start does not wait for it.
	elliptic := func(keys []adminwire.Key) (n int) {
		for _, key := range keys {
			if key.Algorithm == "ES256" {
				n++
			}
		}
		return n
	}
	if elliptic(old) != 1 || elliptic(now) != 2 {
		t.Errorf("before %s, after %s", before, after)
	}
	if line := s.fails(t, "key", "rotate", "--use", "all"); !strings.Contains(line, "not one of sign, mac, pepper") {
		t.Errorf("told %q", line)
	}
}

// A command with another master key fails with a hint, and changes nothing.
func TestOtherMasterKey(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	s.do(t, "", "key", "list")
	s[2] = "OAUTH2D_MASTER_KEY=HxABAgMEBQYHCAkKCwwNDg8QERITFBUWFxgZGhscHR4="
	if line := s.fails(t, "key", "list"); !strings.Contains(line, "master_key") || !strings.Contains(line, "hint:") {
		t.Errorf("told %q", line)
	}
}

func TestCleanupAndUnlockCommands(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	s.do(t, "correct horse battery\n", "user", "create", "ada")
	if _, told := s.do(t, "", "cleanup"); !strings.Contains(told, "1 users checked, 0 entries removed") {
		t.Errorf("told %q", told)
	}
	report, _ := s.do(t, "", "cleanup", "--output", "json")
	var view cleanupView
	if err := json.Unmarshal([]byte(report), &view); err != nil || view != (cleanupView{Ran: true, Users: 1}) {
		t.Errorf("%v %s", err, report)
	}
	if _, told := s.do(t, "", "user", "unlock", "Ada"); !strings.Contains(told, "may try again") {
		t.Errorf("told %q", told)
	}
	if line := s.fails(t, "user", "unlock", "nobody"); !strings.Contains(line, "there is no user") {
		t.Errorf("told %q", line)
	}
}

// A token check registers its client, sees a token live and die, and leaves nothing behind. The server has another
// address than its issuer, as it has for a check that goes past the proxies.
func TestTokenCheck(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	server := s.serve(t)
	_, messages := s.do(t, "", "token", "check", "--issuer", "https://auth.example.com", "--url", server)
	for _, step := range []string{"got a token", "is active", "revoked it", "is inactive"} {
		if !strings.Contains(messages, step) {
			t.Errorf("%q is not in %q", step, messages)
		}
	}
	if list, _ := s.do(t, "", "client", "list", "--output", "json"); strings.TrimSpace(list) != "[]" {
		t.Errorf("clients are left: %s", list)
	}
	if refused := s.fails(t, "token", "check", "--issuer", "https://other.example.com", "--url", server); !strings.Contains(refused, "other.example.com") {
		t.Errorf("another issuer: %s", refused)
	}
	if refused := s.fails(t, "token", "check", "--issuer", "https://auth.example.com", "--url", "http://127.0.0.1:1", "--timeout", "1s"); !strings.Contains(refused, "connection refused") {
		t.Errorf("no server: %s", refused)
	}
}

// scripted runs a script of testdata/fault through the faces of its folder, as TestScripts does.
func scripted(t *testing.T, file string) {
	t.Helper()
	t.Parallel()
	for name, prepare := range faces()[filepath.Dir(file)] {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".txtar")+"/"+name, func(t *testing.T) {
			t.Parallel()
			runScript(t, filepath.Join("testdata", "fault", file), prepare)
		})
	}
}

func TestF_S22_UndeclaredScopesAreRefused(t *testing.T) {
	scripted(t, "both/S22_undeclared_scopes.txtar")
}
func TestF_S22_RegisteredScopesStay(t *testing.T)           { scripted(t, "direct/S22_kept_scopes.txtar") }
func TestF_S22_InvalidScopeNamesTheScope(t *testing.T)      { scripted(t, "api/S22_invalid_scope.txtar") }
func TestF_P12_EveryDocumentIsRead(t *testing.T)            { scripted(t, "both/P12_several_documents.txtar") }
func TestF_P14_MistakesNameLineAndMember(t *testing.T)      { scripted(t, "both/P14_forms.txtar") }
func TestF_P13_ALostSecretIsAnError(t *testing.T)           { scripted(t, "both/P13_lost_secrets.txtar") }
func TestF_P15_ImportedSecrets(t *testing.T)                { scripted(t, "api/P15_imported_secrets.txtar") }
func TestF_P16_ExportsAreTakenOrListed(t *testing.T)        { scripted(t, "both/P16_exports.txtar") }
func TestF_N09_DryRunsAndWords(t *testing.T)                { scripted(t, "both/N09_dry_run.txtar") }
func TestF_N14_Completion(t *testing.T)                     { scripted(t, "both/N14_completion.txtar") }
func TestF_N14_HelpAndVersion(t *testing.T)                 { scripted(t, "alone/N14_help_and_version.txtar") }
func TestF_N08_TheTokenIsKept(t *testing.T)                 { scripted(t, "api/N08_kept_token.txtar") }
func TestF_N07_NothingPromisesWhatDoesNotWork(t *testing.T) { scripted(t, "api/N07_promises.txtar") }

// Without a setting the output of serve --dev is for a person: no line is JSON, and the banner is the end.
func TestF_N08_DevOutputIsReadable(t *testing.T) {
	t.Parallel()
	out, messages := new(testkit.Log), new(testkit.Log)
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan int, 1)
	go func() {
		c := console.Console{In: strings.NewReader(""), Out: out, Err: messages}
		ended <- run(ctx, c, []string{"serve", "--dev", "--listen", "127.0.0.1:0", "--admin-listen", "127.0.0.1:0"})
	}()
	waitFor(t, out, "Ctrl-C")
	banner := out.String()
	stop()
	<-ended
	for line := range strings.Lines(out.String() + messages.String()) {
		if strings.HasPrefix(line, "{") {
			t.Errorf("a line for machines: %s", line)
		}
	}
	if !strings.Contains(messages.String(), "msg=serving") || !strings.HasSuffix(strings.TrimSpace(banner), "Ctrl-C stops it.") {
		t.Errorf("the banner is not the end: %s %s", messages, banner)
	}
}
