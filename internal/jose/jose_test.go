package jose

import (
	"crypto/ed25519"
	"crypto/rsa"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"math/big"
	"slices"
	"strings"
	"testing"

	"github.com/golang-jwt/jwt/v5"
)

func generated(t testing.TB, a Algorithm) Key {
	t.Helper()
	k, err := Generate(a)
	if err != nil {
		t.Fatal(err)
	}
	return k
}

// only finds one key, whatever the kid.
func only(p Public) func(string) (Public, bool) {
	return func(string) (Public, bool) { return p, true }
}

func byID(keys ...Key) func(string) (Public, bool) {
	return func(kid string) (Public, bool) {
		for _, k := range keys {
			if k.ID == kid {
				return k.Public(), true
			}
		}
		return Public{}, false
	}
}

func TestEveryAlgorithmSignsAndVerifies(t *testing.T) {
	t.Parallel()
	claims := map[string]any{"sub": "someone"}
	for _, a := range Algorithms() {
		t.Run(string(a), func(t *testing.T) {
			t.Parallel()
			k, other := generated(t, a), generated(t, a)
			token, err := k.Sign("at+jwt", claims)
			if err != nil {
				t.Fatal(err)
			}
			got, err := Verify(token, "at+jwt", byID(other, k))
			if err != nil || string(got) != `{"sub":"someone"}` {
				t.Errorf("%s, %v", got, err)
			}
			if _, err := Verify(token, "at+jwt", only(other.Public())); err == nil {
				t.Error("verified with another key")
			}
			agree(t, k, token)
		})
	}
}

// agree lets golang-jwt's own parser, which shares no code with Verify, read a token.
func agree(t *testing.T, k Key, token string) {
	t.Helper()
	parsed, err := jwt.Parse(token, func(*jwt.Token) (any, error) { return k.Public().Key, nil })
	if err != nil || parsed.Header["kid"] != k.ID || parsed.Header["typ"] != "at+jwt" {
		t.Errorf("golang-jwt: %v, header %v", err, parsed.Header)
	}
}

func TestKeyIsReadBack(t *testing.T) {
	t.Parallel()
	for _, a := range Algorithms() {
		k := generated(t, a)
		der, err := k.Marshal()
		if err != nil {
			t.Fatal(err)
		}
		back, err := Unmarshal(k.ID, a, der)
		if err != nil {
			t.Fatal(err)
		}
		token, err := back.Sign("at+jwt", struct{}{})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := Verify(token, "at+jwt", byID(k)); err != nil {
			t.Errorf("%s: %v", a, err)
		}
		for _, wrong := range append(Algorithms(), "HS256", "none", "") {
			sharesKeys := strings.HasSuffix(string(a), "S256") && a != ES256 && strings.HasSuffix(string(wrong), "S256") && wrong != ES256 && wrong != "HS256"
			if _, err := Unmarshal(k.ID, wrong, der); (err == nil) != (wrong == a || sharesKeys) {
				t.Errorf("a key of %s as one of %q: %v", a, wrong, err)
			}
		}
	}
	if _, err := Unmarshal("k", ES256, []byte("no key")); err == nil || strings.Contains(err.Error(), "no key") {
		t.Errorf("%v", err)
	}
}

func TestS14_PrivateKeyDoesNotPrint(t *testing.T) {
	t.Parallel()
	k := generated(t, EdDSA)
	private, ok := k.Private.(ed25519.PrivateKey)
	if !ok {
		t.Fatalf("%T", k.Private)
	}
	for where, text := range map[string]string{
		"String": k.String(), "every verb": fmt.Sprintf("%v %+v %#v %s", k, k, k, k), "a log": k.LogValue().String(),
	} {
		t.Run(where, func(t *testing.T) {
			if strings.Contains(text, strings.Trim(fmt.Sprintf("%d", private[:8]), "[]")) || !strings.Contains(text, k.ID) {
				t.Errorf("%s", text)
			}
		})
	}
	if text, err := json.Marshal(k); err == nil {
		t.Errorf("a private key became %s", text)
	}
}

func TestJ13_OnlyPublicMembersAreSerialised(t *testing.T) {
	t.Parallel()
	public := []string{"kty", "use", "kid", "alg", "crv", "x", "y", "n", "e"}
	for _, a := range Algorithms() {
		t.Run(string(a), func(t *testing.T) {
			k := generated(t, a)
			jwk, err := k.Public().JWK()
			if err != nil {
				t.Fatal(err)
			}
			text, err := json.Marshal(Set{Keys: []JWK{jwk}})
			if err != nil {
				t.Fatal(err)
			}
			var set struct{ Keys []map[string]string }
			if err := json.Unmarshal(text, &set); err != nil {
				t.Fatal(err)
			}
			for name, value := range set.Keys[0] {
				if !slices.Contains(public, name) || value == "" {
					t.Errorf("%s publishes %s=%q", a, name, value)
				}
			}
			if set.Keys[0]["kid"] != k.ID || set.Keys[0]["use"] != "sig" || set.Keys[0]["alg"] != string(a) {
				t.Errorf("%s: %s", a, text)
			}
		})
	}
}

// The vectors of RFC 7638 §3.1 and RFC 8037 §A.3.
func TestThumbprint(t *testing.T) {
	t.Parallel()
	raw := func(text string) []byte {
		b, err := base64.RawURLEncoding.DecodeString(text)
		if err != nil {
			t.Fatal(err)
		}
		return b
	}
	modulus := "0vx7agoebGcQSuuPiLJXZptN9nndrQmbXEps2aiAFbWhM78LhWx4cbbfAAtVT86zwu1RK7aPFFxuhDR1L6tSoc_BJECPebWKRXjBZCiFV4n3oknjhMstn64tZ_2W" +
		"-5JsGY4Hc5n9yBXArwl93lqt7_RN5w6Cf0h4QyQ5v-65YGjQR0_FDW2QvzqY368QQMicAtaSqzs8KJZgnYb9c7d0zgdAZHzu6qMQvRL5hajrn1n91CbOpbISD08qNLyrdkt-bFTWhAI4" +
		"vMQFh6WeZu0fM4lFd2NcRwr3XPksINHaQ-G_xBniIqbw0Ls1jF44-csFCur-kEgU8awapJzKnqDKgw"
	rsaKey := &rsa.PublicKey{N: new(big.Int).SetBytes(raw(modulus)), E: 65537}
	if got, err := Thumbprint(rsaKey); got != "NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs" || err != nil {
		t.Errorf("RSA: %s, %v", got, err)
	}
	edKey := ed25519.PublicKey(raw("11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"))
	if got, err := Thumbprint(edKey); got != "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k" || err != nil {
		t.Errorf("Ed25519: %s, %v", got, err)
	}
}

func BenchmarkSign(b *testing.B) {
	claims := map[string]any{
		"iss": "https://auth.example", "sub": "c_demo", "aud": []string{"https://api.example"}, "client_id": "c_demo",
		"scope": "read write", "exp": 1767226500, "iat": 1767225600, "nbf": 1767225600, "jti": "wGq3mXf2Zk0vJ4h1tY8Rb7Nc",
	}
	for _, a := range []Algorithm{ES256, EdDSA} {
		b.Run(string(a), func(b *testing.B) {
			k := generated(b, a)
			b.ReportAllocs()
			for b.Loop() {
				if _, err := k.Sign("at+jwt", claims); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

func BenchmarkVerify(b *testing.B) {
	k := generated(b, ES256)
	token, err := k.Sign("at+jwt", map[string]any{"sub": "c_demo"})
	if err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	for b.Loop() {
		if _, err := Verify(token, "at+jwt", only(k.Public())); err != nil {
			b.Fatal(err)
		}
	}
}
