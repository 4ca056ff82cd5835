package commonpw_test

import (
	"fmt"
	"testing"

	"github.com/recipe-web-app/oauth2d/internal/commonpw"
)

func TestF_S24_TheMostCommonPasswordsAreKnown(t *testing.T) {
	t.Parallel()
	for _, common := range []string{"123456", "password", "PassWord", "qwerty", "letmein", "iloveyou", "trustno1", "123456789987654321"} {
		if !commonpw.Has(common) {
			t.Errorf("%q is not known", common)
		}
	}
	wrong := 0
	for i := range 500 {
		if commonpw.Has(fmt.Sprintf("nobody has this as a password %d", i)) {
			wrong++
		}
	}
	if wrong > 1 { // 0.01 are expected
		t.Errorf("%d of 500 are taken for common ones", wrong)
	}
}

func BenchmarkHas(b *testing.B) {
	for b.Loop() {
		commonpw.Has("correct horse battery staple")
	}
}
