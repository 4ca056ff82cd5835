package page

import (
	"slices"
	"strconv"
	"strings"
)

// Limits on what a browser may ask for.
const (
	maxLocaleBytes = 512
	maxLocales     = 16
)

// speak chooses a language: by the ui_locales of the request (OIDC Core §3.1.2.1), else by
// Accept-Language (RFC 9110 §12.5.4), else English.
func (l *look) speak(uiLocales, accept string) words {
	if len(uiLocales) > maxLocaleBytes {
		uiLocales = ""
	}
	wanted := append(strings.Fields(uiLocales), accepted(accept)...)
	for _, tag := range wanted[:min(len(wanted), maxLocales)] {
		for tag = strings.ToLower(tag); tag != ""; {
			if said, ok := l.languages[tag]; ok {
				return words{Lang: tag, said: said}
			}
			tag = tag[:max(0, strings.LastIndexByte(tag, '-'))] // de-ch, then de (RFC 4647 §3.4)
		}
	}
	return words{Lang: english, said: l.languages[english]}
}

// accepted lists the languages of an Accept-Language header, the most wanted first.
func accepted(header string) []string {
	if len(header) > maxLocaleBytes {
		return nil
	}
	type wish struct {
		tag    string
		weight float64
	}
	var wishes []wish
	for part := range strings.SplitSeq(header, ",") {
		tag, params, _ := strings.Cut(strings.TrimSpace(part), ";")
		one := wish{tag: strings.TrimSpace(tag), weight: 1}
		if q, found := strings.CutPrefix(strings.TrimSpace(params), "q="); found {
			one.weight, _ = strconv.ParseFloat(q, 64)
		}
		if one.weight > 0 {
			wishes = append(wishes, one)
		}
	}
	slices.SortStableFunc(wishes, func(a, b wish) int {
		switch {
		case a.weight > b.weight:
			return -1
		case a.weight < b.weight:
			return 1
		}
		return 0
	})
	tags := make([]string, len(wishes))
	for i, w := range wishes {
		tags[i] = w.tag
	}
	return tags
}
