package page

import (
	"slices"
	"strings"
	"testing"
	"testing/fstest"
	"time"
)

// speaking returns a look with further languages, each with the messages of its file.
func speaking(t testing.TB, files map[string]string) *look {
	t.Helper()
	further := fstest.MapFS{}
	for name, messages := range files {
		further[name+".json"] = &fstest.MapFile{Data: []byte(messages)}
	}
	made, err := Look{Messages: further}.make("")
	if err != nil {
		t.Fatal(err)
	}
	return made
}

func TestSpeak(t *testing.T) {
	t.Parallel()
	made := speaking(t, map[string]string{"de": `{}`, "pt-BR": `{}`, "pt-PT": `{}`, "zh-Hant": `{}`, "fr": `{}`})
	for _, row := range []struct{ why, uiLocales, accept, want string }{
		{"nothing wanted", "", "", "en"},
		{"a language", "", "de", "de"},
		{"any case", "", "DE", "de"},
		{"the heaviest", "", "en;q=0.1, de;q=0.9, fr;q=0.5", "de"},
		{"no weight is 1", "", "de;q=0.9, fr", "fr"},
		{"the first of equals", "", "fr, de", "fr"},
		{"a refused one", "", "de;q=0, fr;q=0.1", "fr"},
		{"the heaviest that is there", "", "ja, ko;q=0.9, de;q=0.2, *;q=0.1", "de"},
		{"none that is there", "", "ja, *;q=0.1", "en"},
		{"a region without a file", "", "de-CH, en;q=0.8", "de"},
		{"English of a region before the next", "", "en-GB, de;q=0.9", "en"},
		{"the file of the region", "", "pt-PT", "pt-PT"},
		{"the other region", "", "pt-BR, pt;q=0.9", "pt-BR"},
		{"a region of the same kind", "", "pt-AO", "pt-PT"},
		{"the script by the region", "", "zh-TW", "zh-Hant"},
		{"an exact later one before a distant one", "", "gsw, fr;q=0.5", "fr"},
		{"a bent entry hides nothing", "", "xx, \"><script>, de;q=0.5", "de"},
		{"a bent weight", "", "de;q=x, fr;q=0.1", "fr"},
		{"a long list", "", strings.Repeat("ja,", 200) + "de", "en"},
		{"the request before the browser", "fr", "de", "fr"},
		{"the order of the request", "de fr", "", "de"},
		{"the next of the request", "ja xx fr de", "", "fr"},
		{"a region of the request", "fr-CA", "de", "fr"},
		{"the browser after a request for none", "ja", "de", "de"},
		{"a long request", strings.Repeat("fr ", 200), "de", "de"},
	} {
		if got := made.speak(row.uiLocales, row.accept).Lang(); got != row.want {
			t.Errorf("%s (%.40q, %.40q): %s, want %s", row.why, row.uiLocales, row.accept, got, row.want)
		}
	}
}

// An operator's English replaces the built-in one in part, for those who want another language too.
func TestEnglishOfTheOperator(t *testing.T) {
	t.Parallel()
	made := speaking(t, map[string]string{"en": `{"login.submit": "Enter"}`, "de": `{}`})
	for _, accept := range []string{"", "en", "ja"} {
		if got := made.speak("", accept); got.Text("login.submit") != "Enter" || got.Text("privacy") != "Privacy" || got.Lang() != "en" {
			t.Errorf("%q: %s %q", accept, got.Lang(), got.Text("login.submit"))
		}
	}
}

func TestAFileIsNamedByALanguage(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"german", "xx", "de_", ""} {
		_, err := Look{Messages: fstest.MapFS{name + ".json": {Data: []byte(`{}`)}}}.make("")
		if err == nil || !strings.Contains(err.Error(), "RFC 5646") {
			t.Errorf("%s.json: %v", name, err)
		}
	}
}

func TestPluralForms(t *testing.T) {
	t.Parallel()
	polish := `{"span.day.one": "{n} dzień", "span.day.few": "{n} dni", "span.day.many": "{n} dni.", "span.day.other": "{n} dnia"}`
	arabic := `{"dir": "rtl", "span.day.zero": "zero", "span.day.one": "one", "span.day.two": "two", "span.day.few": "few {n}",
		"span.day.many": "many {n}", "span.day.other": "other {n}"}`
	made := speaking(t, map[string]string{
		"de": `{"span.day.one": "1 Tag", "span.day.other": "{n} Tage"}`, "pl": polish, "ar": arabic,
		"ru": `{"span.day.one": "1 день", "span.day.other": "{n} дн."}`, "ja": `{"span.day.other": "{n}日"}`, "he": `{"span.day.other": "{n} ימים"}`,
	})
	for language, row := range map[string]map[int]string{
		"en": {0: "0 days", 1: "1 day", 2: "2 days", 21: "21 days"},
		"de": {1: "1 Tag", 2: "2 Tage", 21: "21 Tage"},
		"pl": {1: "1 dzień", 2: "2 dni", 5: "5 dni.", 22: "22 dni", 25: "25 dni."},
		"ar": {0: "zero", 1: "one", 2: "two", 3: "few 3", 11: "many 11", 100: "other 100", 102: "other 102"},
		"ru": {1: "1 день", 2: "2 дн.", 21: "21 дн."}, // a file of before: it has the forms of English
		"ja": {1: "1日", 2: "2日"},
		"he": {2: "2 ימים"}, // no form for two
	} {
		said := made.speak(language, "")
		for n, want := range row {
			if got := said.count("day", n); got != want {
				t.Errorf("%s %d: %q, want %q", language, n, got, want)
			}
		}
	}
	// The forms of English stand in for a language without its own.
	if got := made.speak("ru", "").Span(21 * time.Minute); got != "21 minutes" {
		t.Errorf("21 minutes: %q", got)
	}
	for _, bad := range []string{`{"login.few": "x"}`, `{"span.week.few": "x"}`, `{"span.day.few": "{m} dni"}`, `{"span.day.some": "{n}"}`} {
		if _, err := (Look{Messages: fstest.MapFS{"pl.json": {Data: []byte(bad)}}}).make(""); err == nil {
			t.Errorf("%s was accepted", bad)
		}
	}
}

func FuzzSpeak(f *testing.F) {
	for _, seed := range [][2]string{
		{"", ""}, {"de", ""}, {"", "de-CH;q=0.9, fr;q=0.8, *;q=0.1"}, {"xx de-", "q=1"}, {"-", ";q=,;;q=2"}, {"", "de;q=NaN"}, {"", "en;q=-1"},
		{"../../etc", "\x00"}, {strings.Repeat("de ", 200), strings.Repeat("de,", 200)},
	} {
		f.Add(seed[0], seed[1])
	}
	made := speaking(f, map[string]string{"de": `{}`, "pt-BR": `{}`})
	f.Fuzz(func(t *testing.T, uiLocales, accept string) {
		got := made.speak(uiLocales, accept)
		if !slices.Contains([]string{"en", "de", "pt-BR"}, got.Lang()) || got.said == nil {
			t.Errorf("%q %q: %q", uiLocales, accept, got.Lang())
		}
	})
}

func TestF_N13_NamesOfScopesThatWrite(t *testing.T) {
	t.Parallel()
	for scope, want := range map[string]bool{
		"write": true, "recipes:write": true, "Mail.ReadWrite": true, "recipes.readwrite": true, "files:rw": true, "DeleteUsers": true, "admin:*": true,
		"read": false, "openid": false, "Mail.Read": false, "rewritten": false, "profile": false,
	} {
		if got := namesWriting(scope); got != want {
			t.Errorf("%s: %v, want %v", scope, got, want)
		}
	}
}
