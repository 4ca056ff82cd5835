package config_test

import (
	"bytes"
	"fmt"
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

// A pipe or a device has no size: the reader counts the bytes that it reads.
func TestF_N11_AFileWithoutASizeIsBounded(t *testing.T) {
	t.Parallel()
	for name, load := range map[string]func(file string) config.Sources{
		"settings": func(file string) config.Sources { return config.Sources{Dev: true, File: file} },
		"env file": func(file string) config.Sources { return config.Sources{Dev: true, EnvFile: file} },
		"secret": func(file string) config.Sources {
			return config.Sources{Dev: true, Environ: []string{"OAUTH2D_REDIS_PASSWORD_FILE=" + file}}
		},
	} {
		t.Run(name, func(t *testing.T) {
			out, in, err := os.Pipe()
			if err != nil {
				t.Fatal(err)
			}
			file := fmt.Sprintf("/dev/fd/%d", out.Fd())
			if _, err := os.Stat(file); err != nil {
				t.Skip("this system names no open files")
			}
			go func() {
				_, _ = in.Write(bytes.Repeat([]byte("# x\n"), 1<<19)) // 2 MiB; the reader may stop earlier
				_ = in.Close()
			}()
			_, _, err = config.Load(load(file))
			_ = out.Close()
			if err == nil || !strings.Contains(err.Error(), "is larger than 1 MiB") {
				t.Errorf("%s: %v", name, err)
			}
		})
	}
}

// A renamed setting is refused with its new name and with the place where the old one was set: in a file, an
// env file, the environment and on the command line.
func TestARenamedSettingIsRefusedWithItsNewName(t *testing.T) {
	t.Parallel()
	renamed := map[string]struct{ now, value string }{
		"keys.also":            {"keys.extra_algorithms", "RS256"},
		"tracing.one_in":       {"tracing.sample_one_in", "10"},
		"audit.routine":        {"audit.record_reads", "true"},
		"audit.many_callers":   {"audit.shared_token_callers", "8"},
		"limits.without_redis": {"limits.on_redis_outage", "deny"},
		"server.metrics":       {"server.public_metrics", "true"},
		"session.life":         {"session.idle", "1h"},
		"cleanup.every":        {"cleanup.interval", "5m"},
		"redis.lease":          {"redis.read_lease", "1s"},
	}
	env := func(key string) string { return "OAUTH2D_" + strings.ToUpper(strings.ReplaceAll(key, ".", "_")) }
	refused := func(s config.Sources, want string) {
		t.Helper()
		if _, _, err := config.Load(s); err == nil || err.Error() != want {
			t.Errorf("got  %v\nwant %s", err, want)
		}
	}
	for old, to := range renamed {
		section, name, _ := strings.Cut(old, ".")
		file := write(t, "c.yaml", section+":\n  "+name+": "+to.value+"\n")
		asKey := old + ": was renamed to " + to.now + " (%s); hint: write " + to.now + " instead"
		asVariable := env(old) + ": was renamed to " + env(to.now) + "%s; hint: write " + env(to.now) + " instead"

		refused(config.Sources{File: file, Environ: enough()}, strings.Replace(asKey, "%s", file+", line 2", 1))
		refused(config.Sources{Set: map[string]string{old: to.value}, Environ: enough()}, strings.Replace(asKey, "%s", "command line", 1))
		refused(config.Sources{Environ: enough(env(old) + "=" + to.value)}, strings.Replace(asVariable, "%s", "", 1))
		envFile := write(t, "env", env(old)+"="+to.value+"\n")
		refused(config.Sources{EnvFile: envFile, Environ: enough()}, strings.Replace(asVariable, "%s", " ("+envFile+", line 1)", 1))
	}
	for _, f := range config.Fields() {
		if _, tried := renamed[f.Was]; f.Was != "" && !tried {
			t.Errorf("%s was called %s, which this test does not try", f.Key, f.Was)
		}
	}
}
