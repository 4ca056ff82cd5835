package config

import (
	"slices"

	"github.com/recipe-web-app/oauth2d/internal/oauth"
)

// didYouMean returns a hint with the nearest known name.
func didYouMean(name string, known []string) string {
	if near := oauth.Nearest(name, known); near != "" {
		return "did you mean " + near + "?"
	}
	return "`oauth2d config schema` lists every setting"
}

// chooseOf returns a hint with the allowed value that was most likely meant, or with all of them.
func chooseOf(value string, f Field) string {
	if near := oauth.Nearest(value, f.OneOf); near != "" {
		return "did you mean " + near + "?"
	}
	example := f.Default
	if !slices.Contains(f.OneOf, example) {
		example = f.OneOf[0]
	}
	return "write one of them, such as " + example
}

// allowed reports whether value is one of oneOf; an empty oneOf allows any value.
func allowed(value string, oneOf []string) bool {
	return len(oneOf) == 0 || slices.Contains(oneOf, value)
}

// renamed returns the problem of a key whose setting was renamed, with the new name. ok is false when no setting ever
// had that key. name spells a key, as a YAML key or as a variable.
func renamed(old string, fields []Field, name func(key string) string) (p Problem, ok bool) {
	for _, f := range fields {
		if f.Was != "" && name(f.Was) == old {
			now := name(f.Key)
			return Problem{Key: old, What: "was renamed to " + now, Hint: "write " + now + " instead"}, true
		}
	}
	return Problem{}, false
}

// unknownSetting returns the problem of an unknown name: its new name, or the nearest known one.
func (l *loader) unknownSetting(name string, known []string, spell func(key string) string) Problem {
	if p, ok := renamed(name, l.fields, spell); ok {
		return p
	}
	return Problem{Key: name, What: "no such setting", Hint: didYouMean(name, known)}
}

// asKey spells a key as YAML and the command line do.
func asKey(key string) string { return key }
