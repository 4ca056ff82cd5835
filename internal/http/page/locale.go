package page

import (
	"slices"
	"strings"

	"golang.org/x/text/language"
)

// maxLocaleBytes bounds the list of languages that a browser may ask for.
const maxLocaleBytes = 512

// speak chooses a language: by the ui_locales of the request (OIDC Core §3.1.2.1), else by
// Accept-Language (RFC 9110 §12.5.4), else English.
func (l *look) speak(uiLocales, accept string) words {
	for _, wanted := range [][]language.Tag{parsed(uiLocales, " "), parsed(accept, ",")} {
		if _, index, confidence := l.languages.matcher.Match(wanted...); confidence != language.No {
			return l.languages.spoken[index]
		}
	}
	return l.languages.spoken[0]
}

// parsed returns the languages of a list, the most wanted first. It leaves out what is not a language: one such entry
// must not hide the others, as it does in ParseAcceptLanguage.
func parsed(list, separator string) []language.Tag {
	if len(list) > maxLocaleBytes {
		return nil
	}
	entries := slices.DeleteFunc(strings.Split(list, separator), func(entry string) bool {
		_, _, err := language.ParseAcceptLanguage(entry)
		return err != nil
	})
	tags, _, _ := language.ParseAcceptLanguage(strings.Join(entries, ",")) // each entry was parsed above
	return tags
}
