package session

import "strings"

// Looked for in this order: Edge and Opera also call themselves Chrome, Chrome calls itself Safari,
// and Android calls itself Linux.
var (
	browsers = []struct{ mark, name string }{
		{"Edg", "Edge"}, {"OPR/", "Opera"}, {"SamsungBrowser/", "Samsung Internet"},
		{"Firefox/", "Firefox"}, {"FxiOS/", "Firefox"}, {"CriOS/", "Chrome"},
		{"Chrome/", "Chrome"}, {"Safari/", "Safari"}, {"curl/", "curl"},
	}
	systems = []struct{ mark, name string }{
		{"iPhone", "iPhone"}, {"iPad", "iPad"}, {"Android", "Android"}, {"Windows", "Windows"},
		{"Mac OS X", "macOS"}, {"CrOS", "ChromeOS"}, {"Linux", "Linux"},
	}
)

// deviceOf names a browser for the person who uses it, such as "Firefox on Linux". It holds words
// of this file only, so that what a browser sent is neither stored nor shown. It is a hint for
// people, never a proof.
func deviceOf(userAgent string) string {
	browser, system := "Unknown browser", ""
	for _, b := range browsers {
		if strings.Contains(userAgent, b.mark) {
			browser = b.name
			break
		}
	}
	for _, s := range systems {
		if strings.Contains(userAgent, s.mark) {
			system = " on " + s.name
			break
		}
	}
	return browser + system
}
