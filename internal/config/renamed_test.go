package config_test

import (
	"strings"
	"testing"

	"github.com/recipe-web-app/oauth2d/internal/config"
)

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
