package e2e

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/recipe-web-app/oauth2d/api/e2e/admin"
)

// server is where `make test-api` has started one, with the demo's clients.
type server struct {
	issuer string
	api    *admin.ClientWithResponses
}

func open(t *testing.T) server {
	t.Helper()
	s := server{issuer: os.Getenv("OAUTH2D_TEST_ISSUER")}
	listener := os.Getenv("OAUTH2D_TEST_ADMIN")
	if s.issuer == "" || listener == "" {
		t.Fatal("OAUTH2D_TEST_ISSUER and OAUTH2D_TEST_ADMIN say where the server is; make test-api starts one")
	}
	token := s.token(t, "demo-admin", "demo-admin-secret")
	if token == "" {
		t.Fatal("the demo's operator gets no token")
	}
	bearer := func(_ context.Context, r *http.Request) error {
		r.Header.Set("Authorization", "Bearer "+token)
		return nil
	}
	var err error
	if s.api, err = admin.NewClientWithResponses(listener+"/admin/v1", admin.WithRequestEditorFn(bearer)); err != nil {
		t.Fatal(err)
	}
	return s
}

// token asks for one with a client's own credentials; "" when it is refused.
func (s server) token(t *testing.T, id, secret string) string {
	t.Helper()
	form := url.Values{"grant_type": {"client_credentials"}}
	request, err := http.NewRequestWithContext(t.Context(), http.MethodPost, s.issuer+"/token", strings.NewReader(form.Encode()))
	if err != nil {
		t.Fatal(err)
	}
	request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	request.SetBasicAuth(id, secret)
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	var answer struct {
		AccessToken string `json:"access_token"`
	}
	if err := json.NewDecoder(response.Body).Decode(&answer); err != nil {
		t.Fatal(err)
	}
	return answer.AccessToken
}

// want holds an answer to a status.
func want(t *testing.T, what string, err error, got, status int, body []byte) {
	t.Helper()
	if err != nil || got != status {
		t.Fatalf("%s: %d %s %v, want %d", what, got, body, err, status)
	}
}

func pointer[T any](v T) *T { return &v }

func TestAClientsLife(t *testing.T) {
	s, ctx := open(t), t.Context()
	id := fmt.Sprint("e2e-", time.Now().UnixNano())
	wanted := admin.ClientCreate{
		ClientId: &id, GrantTypes: &admin.GrantTypes{"client_credentials"}, Scope: pointer("read write"), ClientName: pointer("End to end"),
	}
	made, err := s.api.CreateClientWithResponse(ctx, nil, wanted)
	want(t, "create", err, made.StatusCode(), http.StatusCreated, made.Body)
	secret, tag := *made.JSON201.ClientSecret, made.HTTPResponse.Header.Get("ETag")
	again, err := s.api.CreateClientWithResponse(ctx, nil, wanted)
	want(t, "create again", err, again.StatusCode(), http.StatusConflict, again.Body)
	if again.ApplicationproblemJSON409.Type != "urn:oauth2d:problem:already-exists" {
		t.Errorf("a taken id: %+v", again.ApplicationproblemJSON409)
	}
	token := s.token(t, id, secret)
	asked, err := s.api.IntrospectTokenWithResponse(ctx, admin.TokenQuestion{Token: token})
	want(t, "introspect", err, asked.StatusCode(), http.StatusOK, asked.Body)
	if !asked.JSON200.Active || *asked.JSON200.ClientId != id {
		t.Errorf("its token: %s", asked.Body)
	}

	patch := admin.ClientPatch{Scope: pointer("read")}
	changed, err := s.api.PatchClientWithApplicationMergePatchPlusJSONBodyWithResponse(ctx, id, &admin.PatchClientParams{IfMatch: &tag}, patch)
	want(t, "patch", err, changed.StatusCode(), http.StatusOK, changed.Body)
	if changed.JSON200.Scope != "read" || changed.JSON200.ClientName != "End to end" {
		t.Errorf("patched: %s", changed.Body)
	}
	stale, err := s.api.PatchClientWithApplicationMergePatchPlusJSONBodyWithResponse(ctx, id, &admin.PatchClientParams{IfMatch: &tag}, patch)
	want(t, "patch an old revision", err, stale.StatusCode(), http.StatusPreconditionFailed, stale.Body)

	second, err := s.api.CreateClientSecretWithResponse(ctx, id, admin.SecretCreate{Overlap: pointer(0)})
	want(t, "rotate", err, second.StatusCode(), http.StatusCreated, second.Body)
	secrets, err := s.api.ListClientSecretsWithResponse(ctx, id)
	want(t, "secrets", err, secrets.StatusCode(), http.StatusOK, secrets.Body)
	if len(secrets.JSON200.Items) != 1 || secrets.JSON200.Items[0].SecretId != second.JSON201.SecretId {
		t.Errorf("secrets: %s", secrets.Body)
	}
	revoked, err := s.api.RevokeClientTokensWithResponse(ctx, id, admin.RevokeBefore{})
	want(t, "revoke", err, revoked.StatusCode(), http.StatusNoContent, revoked.Body)
	if asked, err = s.api.IntrospectTokenWithResponse(ctx, admin.TokenQuestion{Token: token}); err != nil || asked.JSON200.Active {
		t.Errorf("a revoked token: %s %v", asked.Body, err)
	}
	listed := 0
	for cursor := (*admin.Cursor)(nil); ; {
		page, err := s.api.ListClientsWithResponse(ctx, &admin.ListClientsParams{Limit: pointer(2), Cursor: cursor})
		want(t, "list", err, page.StatusCode(), http.StatusOK, page.Body)
		listed += len(page.JSON200.Items)
		if cursor = page.JSON200.Next; cursor == nil {
			break
		}
	}
	if listed < 4 {
		t.Errorf("%d clients are listed", listed)
	}
	gone, err := s.api.DeleteClientWithResponse(ctx, id, nil)
	want(t, "delete", err, gone.StatusCode(), http.StatusNoContent, gone.Body)
	missing, err := s.api.GetClientWithResponse(ctx, id)
	want(t, "read what is gone", err, missing.StatusCode(), http.StatusNotFound, missing.Body)
}

func TestAUsersLife(t *testing.T) {
	s, ctx := open(t), t.Context()
	name := fmt.Sprint("e2e-", time.Now().UnixNano())
	made, err := s.api.CreateUserWithResponse(ctx, admin.UserCreate{Username: name, Password: "a good password"})
	want(t, "create", err, made.StatusCode(), http.StatusCreated, made.Body)
	id := made.JSON201.UserId
	found, err := s.api.ListUsersWithResponse(ctx, &admin.ListUsersParams{Username: &name})
	want(t, "find", err, found.StatusCode(), http.StatusOK, found.Body)
	if len(found.JSON200.Items) != 1 || found.JSON200.Items[0].UserId != id {
		t.Errorf("found: %s", found.Body)
	}
	patch := admin.UserPatch{DisplayName: pointer("Somebody"), MustChangePassword: pointer(true)}
	changed, err := s.api.PatchUserWithApplicationMergePatchPlusJSONBodyWithResponse(ctx, id, nil, patch)
	want(t, "patch", err, changed.StatusCode(), http.StatusOK, changed.Body)
	if !changed.JSON200.MustChangePassword || *changed.JSON200.DisplayName != "Somebody" {
		t.Errorf("patched: %s", changed.Body)
	}
	set, err := s.api.SetUserPasswordWithResponse(ctx, id, admin.PasswordSet{Password: "another password"})
	want(t, "password", err, set.StatusCode(), http.StatusNoContent, set.Body)
	unlocked, err := s.api.UnlockUserWithResponse(ctx, id)
	want(t, "unlock", err, unlocked.StatusCode(), http.StatusNoContent, unlocked.Body)
	grants, err := s.api.ListGrantsWithResponse(ctx, &admin.ListGrantsParams{UserId: id})
	want(t, "grants", err, grants.StatusCode(), http.StatusOK, grants.Body)
	sessions, err := s.api.ListSessionsWithResponse(ctx, &admin.ListSessionsParams{UserId: &id})
	want(t, "sessions", err, sessions.StatusCode(), http.StatusOK, sessions.Body)
	ended, err := s.api.EndSessionsWithResponse(ctx, admin.SessionsEnd{Filter: admin.SessionFilter{UserId: &id}})
	want(t, "end sessions", err, ended.StatusCode(), http.StatusOK, ended.Body)
	revoked, err := s.api.RevokeUserTokensWithResponse(ctx, id, admin.RevokeOfUser{})
	want(t, "revoke", err, revoked.StatusCode(), http.StatusOK, revoked.Body)
	gone, err := s.api.DeleteUserWithResponse(ctx, id, nil)
	want(t, "delete", err, gone.StatusCode(), http.StatusNoContent, gone.Body)
	again, err := s.api.DeleteUserWithResponse(ctx, id, nil)
	want(t, "delete again", err, again.StatusCode(), http.StatusNotFound, again.Body)
}

func TestTheServerItself(t *testing.T) {
	s, ctx := open(t), t.Context()
	keys, err := s.api.ListKeysWithResponse(ctx)
	want(t, "keys", err, keys.StatusCode(), http.StatusOK, keys.Body)
	rotated, err := s.api.RotateKeysWithResponse(ctx, admin.KeyRotate{Use: "sign"})
	want(t, "rotate", err, rotated.StatusCode(), http.StatusOK, rotated.Body)
	// The newest key comes first. The rotation also makes keys of algorithms that nobody has asked for yet.
	if newest := rotated.JSON200.Items[0]; newest.State != "published" || newest.Kid == keys.JSON200.Items[0].Kid {
		t.Errorf("keys: %s, then %s", keys.Body, rotated.Body)
	}
	stats, err := s.api.GetStatsWithResponse(ctx)
	want(t, "stats", err, stats.StatusCode(), http.StatusOK, stats.Body)
	log, err := s.api.ListAuditWithResponse(ctx, &admin.ListAuditParams{Limit: pointer(5)})
	want(t, "audit", err, log.StatusCode(), http.StatusOK, log.Body)
	report, err := s.api.VerifyAuditWithResponse(ctx, nil)
	want(t, "verify the audit log", err, report.StatusCode(), http.StatusOK, report.Body)
	if !report.JSON200.Sound || report.JSON200.Entries == 0 {
		t.Errorf("the audit log: %s", report.Body)
	}
	wrong, err := s.api.DropKeyWithResponse(ctx, "es256-0000000000000000")
	want(t, "drop no key", err, wrong.StatusCode(), http.StatusNotFound, wrong.Body)
}
