package config_test

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/recipe-web-app/oauth2d/internal/config"
)

// People write 7d, in every setting that is a duration and in the span of a limit.
func TestF_DaysInDurations(t *testing.T) {
	t.Parallel()
	const day = 24 * time.Hour
	for text, want := range map[string]time.Duration{
		"90s": 90 * time.Second, "15m": 15 * time.Minute, "168h": 7 * day, "7d": 7 * day, "1d12h": 36 * time.Hour, "0d": 0, "0": 0, "3600": time.Hour,
		"1d0s": day, "90d": 90 * day, "1h30m": 90 * time.Minute, "-5s": -5 * time.Second, "-5": -5 * time.Second, "1d23h59m59.5s": 2*day - 500*time.Millisecond,
	} {
		if got, err := config.ParseDuration(text); err != nil || got != want {
			t.Errorf("%s: %v %v, want %v", text, got, err, want)
		}
	}
	for _, text := range []string{"", "d", "1.5d", "-1d", "1D", "1d-1h", "1d24h", "12h1d", "1d1d", "1 d", "99999d", "1w", "soon", "9223372036854775807", "1d3600"} {
		if got, err := config.ParseDuration(text); err == nil {
			t.Errorf("%s was read as %v", text, got)
		}
	}
	set := map[string]string{"issuer": "https://a", "redis.mode": "embedded", "limits.token": "1000/1d"}
	for _, f := range config.Fields() {
		if f.Kind == config.Duration {
			set[f.Key] = "1d"
		}
	}
	if _, _, err := config.Load(config.Sources{Set: set}); err != nil && strings.Contains(err.Error(), "must be a duration") {
		t.Errorf("%v", err)
	}
}

// The loader records every file that a secret came from, so that its permissions can be checked.
func TestF_S27_FilesThatHoldSecrets(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	write := func(name, text string) string {
		name = filepath.Join(dir, name)
		if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return name
	}
	const key = "MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY="
	master, sentinel := write("master", key+"\n"), write("sentinel", "x")
	plain := write("plain.yaml", "issuer: https://a\nmaster_key_file: "+master+"\n")
	secret := write("secret.yaml", "issuer: https://a\nredis: {password: x, sentinel_password_file: "+sentinel+"}\n")
	env := write("env", "OAUTH2D_MASTER_KEY="+key+"\n")
	for name, c := range map[string]struct {
		from config.Sources
		want []config.SecretFile
	}{
		"a file for the key":         {config.Sources{File: plain}, []config.SecretFile{{Key: "master_key", Name: master}}},
		"a variable for that":        {config.Sources{Environ: []string{"OAUTH2D_MASTER_KEY_FILE=" + master}}, []config.SecretFile{{Key: "master_key", Name: master}}},
		"the YAML file itself":       {config.Sources{File: secret}, []config.SecretFile{{Key: "redis.password", Name: secret}, {Key: "redis.sentinel_password", Name: sentinel}}},
		"the env file itself":        {config.Sources{EnvFile: env}, []config.SecretFile{{Key: "master_key", Name: env}}},
		"the environment is no file": {config.Sources{Environ: []string{"OAUTH2D_MASTER_KEY=" + key}}, nil},
	} {
		c.from.Tool = true
		got, _, err := config.Load(c.from)
		slices.SortFunc(got.SecretFiles, func(a, b config.SecretFile) int { return len(a.Key) - len(b.Key) })
		if !slices.Equal(got.SecretFiles, c.want) {
			t.Errorf("%s: %v, want %v (%v)", name, got.SecretFiles, c.want, err)
		}
	}
}
