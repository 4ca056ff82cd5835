package scenario

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"encoding/base64"
	"fmt"
	"net/http"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"github.com/recipe-web-app/oauth2d/cmd/bench/load"
)

func answer(body string) load.Answer { return load.Answer{Status: http.StatusOK, Body: []byte(body)} }

// A benchmark of wrong answers is worth nothing: every check refuses an answer that is not the right one.
func TestChecksRefuseWrongAnswers(t *testing.T) {
	t.Parallel()
	token := func(a load.Answer) error { _, err := tokens(a); return err }
	for name, test := range map[string]struct {
		check check
		right string
		wrong []string
	}{
		"token":         {token, `{"access_token":"x","token_type":"Bearer","expires_in":900}`, []string{`{}`, `{"access_token":"x","token_type":"Bearer"}`, `{"error":"invalid_client"}`, `<html>`}},
		"introspection": {active("c"), `{"active":true,"client_id":"c"}`, []string{`{"active":false}`, `{"active":true,"client_id":"d"}`, ``}},
		"document":      {same("{}"), `{}`, []string{`{ }`, ``}},
	} {
		if err := test.check(answer(test.right)); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if err := test.check(load.Answer{Status: http.StatusServiceUnavailable, Body: []byte(test.right)}); err == nil {
			t.Errorf("%s: 503 is accepted", name)
		}
		for _, body := range test.wrong {
			if test.check(answer(body)) == nil {
				t.Errorf("%s: %q is accepted", name, body)
			}
		}
	}
}

func TestVerifyJWT(t *testing.T) {
	t.Parallel()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	point, err := key.PublicKey.Bytes() // 4, x, y
	if err != nil {
		t.Fatal(err)
	}
	encode := base64.RawURLEncoding.EncodeToString
	keys, err := readKeys(fmt.Appendf(nil, `{"keys":[{"kid":"k","kty":"EC","crv":"P-256","x":%q,"y":%q}]}`, encode(point[1:33]), encode(point[33:])))
	if err != nil {
		t.Fatal(err)
	}
	unsigned := jwt.NewWithClaims(jwt.SigningMethodES256, jwt.MapClaims{"iss": "https://login.test", "exp": time.Now().Add(time.Minute).Unix()})
	unsigned.Header["kid"] = "k"
	signed, err := unsigned.SignedString(key)
	if err != nil {
		t.Fatal(err)
	}
	if err := keys.verify(signed, "ES256", "https://login.test"); err != nil {
		t.Error(err)
	}
	for name, err := range map[string]error{
		"another issuer":    keys.verify(signed, "ES256", "https://other.test"),
		"another algorithm": keys.verify(signed, "RS256", "https://login.test"),
		"another signature": keys.verify(signed[:len(signed)-8]+"AAAAAAAA", "ES256", "https://login.test"),
		"an unknown key":    keySet{}.verify(signed, "ES256", "https://login.test"),
	} {
		if err == nil {
			t.Errorf("%s is accepted", name)
		}
	}
}
