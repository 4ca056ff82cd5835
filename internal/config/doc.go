// Package config owns the settings: their names, their meaning, their defaults, where they come
// from and what is wrong with them.
//
// Every setting is one struct field with tags; the loader, the environment names, the JSON Schema,
// the reference page and the redacted print are all read off those tags (see Fields), so a setting
// cannot be documented differently from what it does. Only this package knows viper.
//
// A value is taken from the first of: a flag, the environment, a file named by ..._FILE, the YAML
// file, an environment name that operators already use (see aliases.go), the default.
package config

//go:generate sh -c "go run ../../cmd/oauth2d config reference > ../../docs/configuration.md"
