package endpoint_test

import (
	"strings"
	"testing"

	"github.com/recipe-web-app/oauth2d/internal/oauth"
	"github.com/recipe-web-app/oauth2d/internal/redis/redistest"
	"github.com/recipe-web-app/oauth2d/internal/testkit"
)

// A positive answer is never older than a revocation: not on the replica that revoked, nor on any
// other, and no caller reads what was answered to another.
func TestV07_NoAnswerOutlivesARevocation(t *testing.T) {
	t.Parallel()
	one, two := pair(t)
	for _, format := range []oauth.TokenFormat{oauth.FormatOpaque, oauth.FormatJWT} {
		t.Run(string(format), func(t *testing.T) {
			party := one.Register(t, full(oauth.ClientID("holder-"+format), format))
			stranger := one.Register(t, full(oauth.ClientID("stranger-"+format), format))
			login := party.Login(t, testkit.NewPerson(t))
			for whose, token := range map[string]string{"the client": service(t, party), "a user": login.Text("access_token")} {
				t.Run("of "+whose, func(t *testing.T) {
					for range 3 { // as often as any memory needs to take it in
						for _, d := range []*testkit.Daemon{one, two} {
							if !d.Demo().Active(t, token) {
								t.Fatalf("%s: not active", format)
							}
						}
						if stranger.Active(t, token) {
							t.Fatalf("%s: a caller read another's answer", format)
						}
					}
					party.Revoke(t, token)
					for _, d := range []*testkit.Daemon{two, one} {
						if d.Demo().Active(t, token) {
							t.Errorf("%s: alive after its revocation", format)
						}
					}
				})
			}
			next := party.Refresh(t, login.Text("refresh_token")).Text("access_token")
			if !two.Demo().Active(t, next) {
				t.Fatalf("%s: not active", format)
			}
			party.Revoke(t, login.Text("refresh_token"))
			if two.Demo().Active(t, next) {
				t.Errorf("%s: alive after its grant was revoked", format)
			}
		})
	}
}

// What other services keep in database 1 decides nothing, and is not even looked at.
func TestV09_TheSharedCacheDecidesNothing(t *testing.T) {
	t.Parallel()
	server := redistest.Start(t)
	d := testkit.Start(t, testkit.Redis(server.Addr))
	party := d.Demo()
	token := service(t, party)
	party.Revoke(t, token)
	record := `{"active":true,"client_id":"demo","scope":"read write","sub":"demo","exp":9999999999}`
	var forged []any
	for _, name := range []string{token, oauth.Token(token).Digest().Key()} {
		for _, prefix := range []string{"cache:introspection:", "cache:token:", "introspection:"} {
			forged = append(forged, prefix+name, record)
		}
	}
	const forge = `redis.call('SELECT', 1) redis.call('MSET', unpack(ARGV))
		redis.call('HSET', KEYS[1], 'client', 'demo', 'scope', 'read', 'iat', '1', 'exp', '9999999999999') return 1`
	server.Do(t, append([]any{"eval", forge, 1, "auth:access_token:" + oauth.Token(token).Digest().Key()}, forged...)...)
	if party.Active(t, token) {
		t.Error("a forged entry was believed")
	}
	list := strings.Split(strings.TrimSpace(server.Do(t, "client", "list").(string)), "\n")
	for _, connection := range list {
		if !strings.Contains(connection, " db=0 ") {
			t.Errorf("a connection to another database: %s", connection)
		}
	}
}
