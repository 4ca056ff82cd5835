// Package config owns the settings: their names, meanings, defaults, sources and checks.
//
// Every setting is one struct field with tags. The loader, the environment names, the JSON Schema, the reference page
// and the redacted output all read those tags (see Fields), so the documentation of a setting cannot differ from its
// effect. Only this package imports viper.
//
// A value is taken from the first of these sources that sets it: a flag, the environment, a file named by ..._FILE, the
// YAML file, an environment name that operators already use (see aliases.go), the default.
package config

//go:generate sh -c "go run ../../cmd/oauth2d config reference > ../../docs/configuration.md"
