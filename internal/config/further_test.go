package config_test

import (
	"bytes"
	"encoding/base64"
	"fmt"
	"testing"

	"github.com/recipe-web-app/oauth2d/internal/config"
)

// The first line of a secret file is the secret. What follows is for its rotation.
func TestI11_SecretFileWithSeveralLines(t *testing.T) {
	t.Parallel()
	other := base64.StdEncoding.EncodeToString(bytes.Repeat([]byte{9}, 32))
	c := load(t, config.Sources{Environ: []string{
		"OAUTH2D_ISSUER=https://login.example.com", "OAUTH2D_MASTER_KEY_FILE=" + write(t, "master", masterKey+"\r\n"+other+"\n"),
		"OAUTH2D_MASTER_KEY_PREVIOUS_FILE=" + write(t, "previous", masterKey+"\n"),
		"OAUTH2D_REDIS_PASSWORD_FILE=" + write(t, "redis", " new one \nold\n"),
	}})
	var previous []string
	for _, one := range c.MasterKeyPrevious {
		previous = append(previous, one.Reveal())
	}
	if c.MasterKey.Reveal() != masterKey || fmt.Sprint(previous) != fmt.Sprint([]string{masterKey, other}) {
		t.Errorf("master keys %s, %v", c.MasterKey.Reveal(), previous)
	}
	if got := c.Redis.Password.Reveal(); got != " new one " {
		t.Errorf("password %q", got)
	}
}
