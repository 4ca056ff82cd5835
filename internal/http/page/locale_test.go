package page

import (
	"strings"
	"testing"
)

func FuzzSpeak(f *testing.F) {
	for _, seed := range [][2]string{
		{"", ""}, {"de", ""}, {"", "de-CH;q=0.9, fr;q=0.8, *;q=0.1"}, {"xx de-", "q=1"}, {"-", ";q=,;;q=2"}, {"", "de;q=NaN"}, {"", "en;q=-1"},
		{"../../etc", "\x00"}, {strings.Repeat("de ", 200), strings.Repeat("de,", 200)},
	} {
		f.Add(seed[0], seed[1])
	}
	made, err := Look{}.make("")
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, uiLocales, accept string) {
		got := made.speak(uiLocales, accept)
		if _, known := made.languages[got.Lang]; !known || got.said == nil {
			t.Errorf("%q %q: %q", uiLocales, accept, got.Lang)
		}
	})
}
