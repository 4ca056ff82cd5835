package session

import "strings"

// deviceOf names a browser for the person who uses it, such as "Firefox on Linux". It holds words
// of this file only, so that what a browser sent is neither stored nor shown. It is a hint for
// people, never a proof.
func deviceOf(userAgent string) string {
	// The order matters: Edge and Opera also call themselves Chrome, Chrome calls itself Safari, and
	// Android calls itself Linux.
	browser := firstOf(userAgent, "Unknown browser", [][2]string{
		{"Edg", "Edge"}, {"OPR/", "Opera"}, {"SamsungBrowser/", "Samsung Internet"},
		{"Firefox/", "Firefox"}, {"FxiOS/", "Firefox"}, {"CriOS/", "Chrome"},
		{"Chrome/", "Chrome"}, {"Safari/", "Safari"}, {"curl/", "curl"},
	})
	system := firstOf(userAgent, "", [][2]string{
		{"iPhone", "iPhone"}, {"iPad", "iPad"}, {"Android", "Android"}, {"Windows", "Windows"},
		{"Mac OS X", "macOS"}, {"CrOS", "ChromeOS"}, {"Linux", "Linux"},
	})
	if system == "" {
		return browser
	}
	return browser + " on " + system
}

// firstOf returns the name beside the first mark that text holds.
func firstOf(text, none string, marks [][2]string) string {
	for _, mark := range marks {
		if strings.Contains(text, mark[0]) {
			return mark[1]
		}
	}
	return none
}
