package oauth_test

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/recipe-web-app/oauth2d/internal/oauth"
)

var (
	sealKey = hmacKey("0123456789abcdef0123456789abcdef")
	keyID   = oauth.KeyID{1, 2, 3, 4}
)

// hmacKey is a key without the cache of secret.MACKey.
type hmacKey []byte

func (k hmacKey) Sum(text []byte) (sum [sha256.Size]byte) {
	h := hmac.New(sha256.New, k)
	h.Write(text)
	h.Sum(sum[:0])
	return sum
}

func keyOf(id oauth.KeyID) oauth.MACKey {
	if id == keyID {
		return sealKey
	}
	return nil
}

func credential() oauth.Credential {
	return oauth.Credential{Kind: oauth.KindRefresh, Key: keyID, Grant: oauth.GrantID{9, 8, 7}, Serial: 41}
}

func code() oauth.Credential {
	facts := oauth.CodeOf(time.Unix(1000, 0), oauth.ChallengeOf(strings.Repeat("v", 43)), "https://app.example/callback")
	return oauth.Credential{Kind: oauth.KindCode, Key: keyID, Grant: oauth.GrantID{9, 8, 7}, Code: facts}
}

func TestACredentialComesBackAsItWasSealed(t *testing.T) {
	t.Parallel()
	for want, length := range map[oauth.Credential]int{credential(): oauth.RefreshLength, code(): oauth.CodeLength} {
		t.Run(fmt.Sprint("kind ", want.Kind), func(t *testing.T) {
			text := want.Seal(sealKey)
			if len(text) != length {
				t.Errorf("length %d, want %d", len(text), length)
			}
			got, ok := oauth.OpenCredential(text, want.Kind, keyOf)
			if !ok || got != want {
				t.Fatalf("got %+v %v", got, ok)
			}
		})
	}
}

func TestACodeKnowsWhatItMustBePresentedWith(t *testing.T) {
	t.Parallel()
	c, good := code().Code, strings.Repeat("v", 43)
	if !c.ProvenBy(good) || c.ProvenBy(strings.Repeat("w", 43)) || c.ProvenBy("") || c.ProvenBy(oauth.ChallengeOf(good)) {
		t.Error("the verifier is not judged")
	}
	if !c.SentTo("https://app.example/callback") || c.SentTo("https://app.example/callback/") || c.SentTo("") {
		t.Error("the redirect URI is not judged")
	}
	if c.EndedAt(time.Unix(999, 0)) || !c.EndedAt(time.Unix(1000, 0)) {
		t.Error("the end is not judged")
	}
}

func TestEveryChangedBitOfACredentialIsRefused(t *testing.T) {
	t.Parallel()
	for _, sealed := range []oauth.Credential{credential(), code()} {
		t.Run(fmt.Sprint("kind ", sealed.Kind), func(t *testing.T) {
			raw, err := base64.RawURLEncoding.DecodeString(sealed.Seal(sealKey).Reveal())
			if err != nil {
				t.Fatal(err)
			}
			for i := range len(raw) * 8 {
				changed := append([]byte(nil), raw...)
				changed[i/8] ^= 1 << (i % 8)
				text := oauth.Token(base64.RawURLEncoding.EncodeToString(changed))
				for _, kind := range []oauth.Kind{oauth.KindCode, oauth.KindRefresh} {
					if _, ok := oauth.OpenCredential(text, kind, keyOf); ok {
						t.Fatalf("bit %d changed and still accepted as kind %d", i, kind)
					}
				}
			}
		})
	}
}

func TestACodeIsNoRefreshToken(t *testing.T) {
	t.Parallel()
	if _, ok := oauth.OpenCredential(credential().Seal(sealKey), oauth.KindCode, keyOf); ok {
		t.Fatal("a refresh token is accepted as a code")
	}
}

func FuzzOpenCredential(f *testing.F) {
	f.Add(credential().Seal(sealKey).Reveal())
	f.Add("")
	f.Fuzz(func(t *testing.T, text string) {
		c, ok := oauth.OpenCredential(oauth.Token(text), oauth.KindRefresh, keyOf)
		if ok && c.Seal(sealKey).Reveal() != text {
			t.Fatalf("two texts for one credential: %q", text)
		}
	})
}

func TestW15_SecretsDoNotPrint(t *testing.T) {
	t.Parallel()
	token := oauth.Token("very-secret")
	id := oauth.NewGrantID("u", "root", []byte("very-secret-1"))
	for where, text := range map[string]string{
		"plainly":       fmt.Sprint(token, id),
		"by every verb": fmt.Sprintf("%v %+v %#v %s %q %v %+v %s", token, token, token, token, token, id, id, id),
		"in a struct":   fmt.Sprintf("%v %+v", struct{ T oauth.Token }{token}, struct{ ID oauth.GrantID }{id}),
		"token log":     token.LogValue().String(),
		"grant id log":  id.LogValue().String(),
	} {
		t.Run(where, func(t *testing.T) {
			if contains(text, "very-secret") {
				t.Errorf("printed: %s", text)
			}
		})
	}
}
