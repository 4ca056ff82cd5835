package upkeep

import (
	"os"
	"testing"
	"time"

	"github.com/recipe-web-app/oauth2d/internal/redis/redistest"
)

// Of a chain the earliest end counts, of authorities the latest: while an authority is replaced, both are in the file.
func TestTheEndOfChainsAndAuthorities(t *testing.T) {
	t.Parallel()
	soon, late := redistest.ExpiredCertificate(t), redistest.NewCertificate(t)
	text := []byte("not a certificate\n")
	for _, file := range []string{late.Cert, soon.Cert, late.Key, late.Cert} {
		more, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		text = append(text, more...)
	}
	chain, found := endOf(text, false)
	authorities, alsoFound := endOf(text, true)
	if !found || !alsoFound || !chain.Before(time.Now()) || !authorities.After(time.Now()) {
		t.Errorf("the chain ends at %s, the authorities at %s", chain, authorities)
	}
	if _, found := endOf([]byte("nothing"), false); found {
		t.Error("a text without certificates has an end")
	}
}
