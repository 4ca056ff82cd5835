package config

import "slices"

// SecretFile is a file that secrets were read from.
type SecretFile struct {
	Key  string // the first setting that it holds
	Name string
}

// holds records that a file holds a secret setting.
func (l *loader) holds(key, name string) {
	if !slices.ContainsFunc(l.secrets, func(known SecretFile) bool { return known.Name == name }) {
		l.secrets = append(l.secrets, SecretFile{Key: key, Name: name})
	}
}
