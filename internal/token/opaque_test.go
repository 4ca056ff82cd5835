package token

import (
	"strings"
	"testing"

	"github.com/recipe-web-app/oauth2d/internal/oauth"
	"github.com/recipe-web-app/oauth2d/internal/store"
)

// What is read out of an opaque token goes into key names: it is never anything but base64url.
func FuzzParseOpaque(f *testing.F) {
	f.Add(opaque(Entropy{}, "", "app").Reveal())
	f.Add(opaque(Entropy{1}, oauth.GrantID{}.Ref(), "app").Reveal())
	for _, seed := range []string{"", strings.Repeat("A", 37), strings.Repeat("*", 38), strings.Repeat("é", 32), strings.Repeat("A", 63) + "\n", strings.Repeat(":", 64)} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		q, ok := parseOpaque(oauth.Token(text), "https://as.example")
		if !ok {
			if q != (store.Query{}) {
				t.Errorf("%q: refused, and yet %+v", text, q)
			}
			return
		}
		whole := text[:entropyLength] + string(q.Grant) + string(q.Client)
		if whole != text || len(q.Client) != store.ClientTagLength || len(q.Grant) != 0 && len(q.Grant) != oauth.KeyLength || !isText64(text) {
			t.Errorf("%q: %+v", text, q)
		}
	})
}
