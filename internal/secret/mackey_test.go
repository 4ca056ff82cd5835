package secret

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"strings"
	"sync"
	"testing"

	"github.com/recipe-web-app/oauth2d/internal/oauth"
)

// Test case 2 of RFC 4231, again and again and from several goroutines: a kept hash starts anew each time.
func TestAMACKeyMakesHMACs(t *testing.T) {
	t.Parallel()
	key := NewMACKey([]byte("Jefe"))
	const want = "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"
	var all sync.WaitGroup
	for range 8 {
		all.Go(func() {
			for n := range 100 {
				if sum := key.Sum([]byte("what do ya want for nothing?")); hex.EncodeToString(sum[:]) != want {
					t.Errorf("%x, want %s", sum, want)
				}
				long := []byte(strings.Repeat("x", n))
				h := hmac.New(sha256.New, []byte("Jefe"))
				h.Write(long)
				if sum := key.Sum(long); !hmac.Equal(sum[:], h.Sum(nil)) {
					t.Errorf("%d bytes: %x", n, sum)
				}
			}
		})
	}
	all.Wait()
}

func TestAMACKeyDoesNotPrint(t *testing.T) {
	t.Parallel()
	key := NewMACKey([]byte("the secret"))
	key.Sum([]byte("another secret"))
	holder := struct{ Key oauth.MACKey }{key}
	for _, format := range []string{"%v", "%+v", "%#v", "%s", "%x", "%d"} {
		if text := fmt.Sprintf(format, key) + fmt.Sprintf(format, holder); strings.Contains(text, "secret") || strings.Contains(text, "736563726574") {
			t.Errorf("%s: %s", format, text)
		}
	}
}
