package jose

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/hmac"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"errors"
	"strings"
	"testing"

	"github.com/golang-jwt/jwt/v5"
)

const someClaims = `{"sub":"someone"}`

func text64(text string) string { return base64.RawURLEncoding.EncodeToString([]byte(text)) }

// forge signs any header and body with a key that the verifier accepts: what is refused below is
// refused for what it is, not for its signature.
func forge(t testing.TB, k Key, head, body string) string {
	t.Helper()
	signed := text64(head) + "." + text64(body)
	sig, err := k.Algorithm.method().Sign(signed, k.Private)
	if err != nil {
		t.Fatal(err)
	}
	return signed + "." + base64.RawURLEncoding.EncodeToString(sig)
}

func TestVerifyTakesTheTypeInEverySpelling(t *testing.T) {
	t.Parallel()
	k := generated(t, ES256)
	for typ, want := range map[string]bool{
		"at+jwt": true, "AT+JWT": true, "application/at+jwt": true, "Application/At+Jwt": true,
		"JWT": false, "": false, "at+jwt\t": false, "application/": false, "text/at+jwt": false, "dpop+jwt": false,
	} {
		t.Run(typ, func(t *testing.T) {
			head, err := json.Marshal(header{ES256, typ, k.ID})
			if err != nil {
				t.Fatal(err)
			}
			got, err := Verify(forge(t, k, string(head), someClaims), "at+jwt", byID(k))
			if (err == nil) != want || want && string(got) != someClaims {
				t.Errorf("typ %q: %s, %v", typ, got, err)
			}
		})
	}
}

func TestVerifyKeepsNumbersIntact(t *testing.T) {
	t.Parallel()
	k := generated(t, ES256)
	const claims = ` {"big":9007199254740993123,"exp":1.7e9, "twice":1}`
	got, err := Verify(forge(t, k, `{"alg":"ES256","typ":"JWT"}`, claims), "JWT", only(k.Public()))
	if err != nil || string(got) != claims {
		t.Errorf("%s, %v", got, err)
	}
}

func refused(t *testing.T, why, token string, find func(string) (Public, bool)) {
	t.Helper()
	t.Run(why, func(t *testing.T) {
		got, err := Verify(token, "JWT", find)
		if got != nil || !errors.Is(err, ErrToken) {
			t.Errorf("%s, %v", got, err)
		}
	})
}

func TestJ01_NoSignature(t *testing.T) {
	t.Parallel()
	k := generated(t, ES256)
	for _, alg := range []string{"none", "None", "nOnE", "", "ES256"} {
		for _, sig := range []string{"", "AA", text64(strings.Repeat("\x00", 64))} {
			token := text64(`{"alg":"`+alg+`","typ":"JWT"}`) + "." + text64(someClaims) + "." + sig
			refused(t, alg+" "+sig, token, only(k.Public()))
			refused(t, "a registered key without algorithm", token, only(Public{Algorithm: Algorithm(alg)}))
		}
	}
	refused(t, "no alg", forge(t, k, `{"typ":"JWT"}`, someClaims), only(k.Public()))
	refused(t, "ALG", forge(t, k, `{"ALG":"ES256","typ":"JWT"}`, someClaims), only(k.Public()))
}

func TestJ02_AlgorithmComesFromTheKey(t *testing.T) {
	t.Parallel()
	k := generated(t, RS256)
	der, err := x509.MarshalPKIXPublicKey(k.Public().Key)
	if err != nil {
		t.Fatal(err)
	}
	for _, secret := range [][]byte{der, pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der})} {
		signed := text64(`{"alg":"HS256","typ":"JWT"}`) + "." + text64(someClaims)
		h := hmac.New(sha256.New, secret)
		h.Write([]byte(signed))
		token := signed + "." + base64.RawURLEncoding.EncodeToString(h.Sum(nil))
		refused(t, "HS256 with the public key", token, only(k.Public()))
		asHMAC := k.Public()
		asHMAC.Algorithm = "HS256"
		refused(t, "a key registered for HS256", token, only(asHMAC))
	}
	k.Algorithm = PS256
	token := forge(t, k, `{"alg":"PS256","typ":"JWT"}`, someClaims)
	k.Algorithm = RS256
	refused(t, "PS256 with a key for RS256", token, only(k.Public()))
}

func TestJ03_KeysInTheHeaderAreNotLookedAt(t *testing.T) {
	t.Parallel()
	k, evil := generated(t, ES256), generated(t, ES256)
	jwk, err := evil.Public().JWK()
	if err != nil {
		t.Fatal(err)
	}
	own, err := json.Marshal(jwk)
	if err != nil {
		t.Fatal(err)
	}
	for name, value := range map[string]string{
		"jwk": string(own), "jku": `"https://evil.example/jwks"`, "x5u": `"https://evil.example/x"`, "x5c": `["AAAA"]`,
	} {
		t.Run(name, func(t *testing.T) {
			head := `{"alg":"ES256","typ":"JWT","kid":"` + k.ID + `","` + name + `":` + value + `}`
			refused(t, name, forge(t, evil, head, someClaims), byID(k))
			if _, err := Verify(forge(t, k, head, someClaims), "JWT", byID(k)); err != nil {
				t.Errorf("%s is not ignored: %v", name, err)
			}
		})
	}
	refused(t, "kid of nobody", forge(t, evil, `{"alg":"ES256","typ":"JWT","kid":"../../dev/null"}`, someClaims), byID(k))
}

func TestJ05_WhatHasToBeUnderstoodIsRefused(t *testing.T) {
	t.Parallel()
	k := generated(t, ES256)
	for _, member := range []string{
		`"crit":["exp"]`, `"crit":[]`, `"crit":null`, `"b64":false`, `"b64":true`, `"crit":["b64"],"b64":false`, `"cty":"JWT"`,
	} {
		refused(t, member, forge(t, k, `{"alg":"ES256","typ":"JWT",`+member+`}`, someClaims), only(k.Public()))
	}
}

func TestJ07_HugeTokensCostNothing(t *testing.T) {
	t.Parallel()
	asked := func(string) (Public, bool) {
		t.Error("a key was looked for")
		return Public{}, false
	}
	for token, why := range map[string]string{
		strings.Repeat(".", 1_000_000):               "longer than",
		strings.Repeat("A", 50_000_000) + ".e30.AA":  "longer than",
		strings.Repeat("A", MaxToken-7) + ".e30.AAA": "longer than",
		strings.Repeat(".", MaxToken):                "not three segments",
		"e30.e30.AA.":                                "not three segments",
		"e30.e30":                                    "not three segments",
		"":                                           "not three segments",
	} {
		t.Run(token, func(t *testing.T) {
			// Which refusal it is proves that nothing was split or decoded before it.
			if _, err := Verify(token, "JWT", asked); !errors.Is(err, ErrToken) || !strings.Contains(err.Error(), why) {
				t.Errorf("%.20q… of %d characters: %v", token, len(token), err)
			}
		})
	}
	k := generated(t, ES256)
	head := `{"alg":"ES256","typ":"JWT"}`
	body := `{"pad":"` + strings.Repeat("x", (MaxToken-len(text64(head))-2-86)/4*3-12) + `"}`
	if longest := forge(t, k, head, body); len(longest) > MaxToken {
		t.Fatal("the test token is too long")
	} else if _, err := Verify(longest, "JWT", only(k.Public())); err != nil {
		t.Errorf("a token of %d characters: %v", len(longest), err)
	}
}

func TestJ08_NoEncryptionNoCompression(t *testing.T) {
	t.Parallel()
	k := generated(t, ES256)
	jwe := text64(`{"alg":"PBES2-HS256+A128KW","enc":"A128GCM","p2c":2147483647,"p2s":"AAAA","zip":"DEF"}`) + ".AA.AA.AA.AA"
	refused(t, "JWE", jwe, only(k.Public()))
	for _, member := range []string{`"enc":"A128GCM"`, `"zip":"DEF"`} {
		refused(t, member, forge(t, k, `{"alg":"ES256","typ":"JWT",`+member+`}`, someClaims), only(k.Public()))
	}
}

func TestVerifyIsStrictAboutTheForm(t *testing.T) {
	t.Parallel()
	k := generated(t, ES256)
	good := forge(t, k, `{"alg":"ES256","typ":"JWT"}`, someClaims)
	if _, err := Verify(good, "JWT", only(k.Public())); err != nil {
		t.Fatal(err)
	}
	for why, token := range map[string]string{
		"padding":                 good + "==",
		"a line break":            good + "\n",
		"a line break within":     good[:10] + "\r\n" + good[10:],
		"a space":                 " " + good,
		"another alphabet":        strings.Map(func(r rune) rune { return map[rune]rune{'-': '+', '_': '/'}[r] }, good),
		"a changed signature":     good[:len(good)-10] + strings.Repeat("A", 10),
		"a second spelling":       good[:len(good)-1] + string(good[len(good)-1]+1),
		"claims that are a list":  forge(t, k, `{"alg":"ES256","typ":"JWT"}`, `["sub"]`),
		"claims that are no JSON": forge(t, k, `{"alg":"ES256","typ":"JWT"}`, `{"sub":`),
		"two objects":             forge(t, k, `{"alg":"ES256","typ":"JWT"}`, `{}{}`),
		"no claims":               forge(t, k, `{"alg":"ES256","typ":"JWT"}`, ``),
		"a header of null":        forge(t, k, `null`, someClaims),
		"a header list":           forge(t, k, `["alg"]`, someClaims),
		"a kid that is a list":    forge(t, k, `{"alg":"ES256","typ":"JWT","kid":["a"]}`, someClaims),
		"a typ that is a number":  forge(t, k, `{"alg":"ES256","typ":1}`, someClaims),
	} {
		refused(t, why, token, only(k.Public()))
	}
}

func TestVerifyRefusesWeakOrForeignKeys(t *testing.T) {
	t.Parallel()
	weak, err := rsa.GenerateKey(rand.Reader, 1024)
	if err != nil {
		t.Fatal(err)
	}
	sum := sha256.Sum256([]byte(text64(`{"alg":"RS256","typ":"JWT"}`) + "." + text64(someClaims)))
	sig, err := rsa.SignPKCS1v15(rand.Reader, weak, crypto.SHA256, sum[:])
	if err != nil {
		t.Fatal(err)
	}
	token := text64(`{"alg":"RS256","typ":"JWT"}`) + "." + text64(someClaims) + "." + base64.RawURLEncoding.EncodeToString(sig)
	refused(t, "RSA with 1024 bits", token, only(Public{Algorithm: RS256, Key: &weak.PublicKey}))

	p384, err := ecdsa.GenerateKey(elliptic.P384(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	for _, key := range []any{&p384.PublicKey, []byte("secret"), "secret", nil, jwt.UnsafeAllowNoneSignatureType} {
		good := forge(t, generated(t, ES256), `{"alg":"ES256","typ":"JWT"}`, someClaims)
		refused(t, "a key that does not go with ES256", good, only(Public{Algorithm: ES256, Key: key}))
	}
}

func FuzzVerify(f *testing.F) {
	k := generated(f, ES256)
	f.Add(forge(f, k, `{"alg":"ES256","typ":"JWT","kid":"k"}`, someClaims))
	f.Fuzz(func(t *testing.T, token string) {
		// A key that no fuzzer can sign with: nothing but the seed, which is signed anew in every
		// process, may ever be accepted, and a refusal is always the same kind of error.
		asked := ""
		claims, err := Verify(token, "JWT", func(kid string) (Public, bool) {
			asked = kid
			return k.Public(), true
		})
		if err != nil {
			if !errors.Is(err, ErrToken) || claims != nil {
				t.Errorf("%q: %s, %v", token, claims, err)
			}
			return
		}
		if !isObject(claims) || asked != "k" || len(token) > MaxToken {
			t.Errorf("%q was accepted: %s", token, claims)
		}
	})
}
