package metric

import "sync"

const (
	other = "other"
	// vocabularySize bounds how many series one label can create.
	vocabularySize = 64
	maxWord        = 40
)

// vocabulary bounds a label whose values are constants of other packages. It accepts the first values that it sees and
// counts the rest as other, so that a mistake elsewhere cannot fill the memory.
type vocabulary struct {
	mu    sync.RWMutex
	known map[string]struct{}
	fits  func(text string) bool
}

func newVocabulary() *vocabulary { return &vocabulary{known: map[string]struct{}{"": {}}, fits: plain} }

// newNames returns a vocabulary of the ids of registered clients: the first ids that occur get their own series.
func newNames() *vocabulary { return &vocabulary{known: map[string]struct{}{"": {}}, fits: name} }

func (v *vocabulary) word(text string) string {
	v.mu.RLock()
	_, ok := v.known[text]
	v.mu.RUnlock()
	if ok {
		return text
	}
	if !v.fits(text) {
		return other
	}
	v.mu.Lock()
	defer v.mu.Unlock()
	if _, learned := v.known[text]; !learned && len(v.known) >= vocabularySize {
		return other
	}
	v.known[text] = struct{}{}
	return text
}

// plain reports whether a text has the form of a constant, and not that of a sentence or a secret.
func plain(text string) bool {
	if len(text) > maxWord {
		return false
	}
	for i := range len(text) {
		c := text[i]
		if (c < 'a' || c > 'z') && (c < '0' || c > '9') && c != '_' && c != '.' && c != '-' && c != ' ' {
			return false
		}
	}
	return true
}

// name reports whether a text has the form of the id of a registered client.
func name(text string) bool {
	for i := range len(text) {
		c := text[i]
		if (c < 'a' || c > 'z') && (c < 'A' || c > 'Z') && (c < '0' || c > '9') && c != '_' && c != '-' {
			return false
		}
	}
	return len(text) <= vocabularySize
}
