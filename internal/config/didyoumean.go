package config

import (
	"slices"

	"github.com/recipe-web-app/oauth2d/internal/oauth"
)

// didYouMean is a hint towards the nearest known name.
func didYouMean(name string, known []string) string {
	if near := oauth.Nearest(name, known); near != "" {
		return "did you mean " + near + "?"
	}
	return "`oauth2d config schema` lists every setting"
}

// chooseOf is a hint towards the allowed value that was most likely meant, or to all of them.
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

// allowed tells whether value is one of oneOf, where none means any.
func allowed(value string, oneOf []string) bool {
	return len(oneOf) == 0 || slices.Contains(oneOf, value)
}
