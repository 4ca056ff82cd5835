package config

import (
	"encoding/base64"
	"fmt"
	"strings"

	"github.com/recipe-web-app/oauth2d/internal/secret"
)

func (c Config) checkMasterKeys(wrong *Problems) {
	const hint = "make one with: openssl rand -base64 32"
	if c.MasterKey == "" && c.Redis.Mode != "embedded" {
		wrong.add("master_key", "is not set", hint)
	}
	if _, err := DecodeMasterKey(c.MasterKey); c.MasterKey != "" && err != nil {
		wrong.add("master_key", err.Error(), hint)
	}
	for i, key := range c.MasterKeyPrevious {
		if _, err := DecodeMasterKey(key); err != nil {
			wrong.add(fmt.Sprintf("master_key_previous[%d]", i), err.Error(), "")
		}
	}
}

// DecodeMasterKey returns the bytes of a master key. Its error shows nothing of it.
func DecodeMasterKey(s Secret) ([]byte, error) {
	text := strings.TrimRight(strings.NewReplacer("-", "+", "_", "/").Replace(strings.TrimSpace(s.Reveal())), "=")
	raw, err := base64.RawStdEncoding.DecodeString(text)
	if err != nil {
		return nil, fmt.Errorf("is not base64")
	}
	if len(raw) != secret.MasterKeySize {
		return nil, fmt.Errorf("holds %d bytes, not %d", len(raw), secret.MasterKeySize)
	}
	return raw, nil
}

// Sealer seals under the master key, and opens what lies under it or under one of the previous ones. Embedded Redis loses
// everything at exit, so a random key is enough there.
func (c Config) Sealer() (*secret.Sealer, error) {
	if c.MasterKey == "" {
		return secret.NewSealer(secret.Random(secret.MasterKeySize))
	}
	master, err := DecodeMasterKey(c.MasterKey)
	if err != nil {
		return nil, fmt.Errorf("master_key: %w", err)
	}
	var previous [][]byte
	for _, text := range c.MasterKeyPrevious {
		key, err := DecodeMasterKey(text)
		if err != nil {
			return nil, fmt.Errorf("master_key_previous: %w", err)
		}
		previous = append(previous, key)
	}
	return secret.NewSealer(master, previous...)
}
