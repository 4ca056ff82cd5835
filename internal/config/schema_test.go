package config_test

import (
	"encoding/json"
	"fmt"
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/recipe-web-app/oauth2d/internal/config"
)

// The page in docs is made from the tags; a changed tag needs `make docs`.
func TestReferenceIsFresh(t *testing.T) {
	t.Parallel()
	page, err := os.ReadFile("../../docs/configuration.md")
	if err != nil || string(page) != config.Reference() {
		t.Errorf("docs/configuration.md is stale (%v): run make docs", err)
	}
}

func TestEverySettingIsDocumented(t *testing.T) {
	t.Parallel()
	for _, f := range config.Fields() {
		for _, one := range append([]config.Field{f}, f.Items...) {
			if len(one.Doc) < 10 || !strings.HasSuffix(one.Doc, ".") {
				t.Errorf("%s is not documented: %q", one.Key, one.Doc)
			}
		}
	}
}

// Every setting is in the schema at its place, and the schema allows nothing else in the file.
func TestSchema(t *testing.T) {
	t.Parallel()
	var root map[string]any
	if err := json.Unmarshal(config.Schema(), &root); err != nil {
		t.Fatal(err)
	}
	for _, f := range config.Fields() {
		at := root
		for part := range strings.SplitSeq(f.Key, ".") {
			if at["additionalProperties"] != false {
				t.Errorf("%s: the section around it takes anything", f.Key)
			}
			below, _ := at["properties"].(map[string]any)
			at, _ = below[part].(map[string]any)
		}
		if at["description"] != f.Doc {
			t.Errorf("%s is not in the schema", f.Key)
		}
	}
}

// The default, the bounds and the allowed values in the tags must agree with one another.
func TestDefaultsAreAllowed(t *testing.T) {
	t.Parallel()
	for _, dev := range []bool{false, true} {
		c := config.Default(dev)
		c.Issuer, c.MasterKey = "https://auth.example.com", masterKey
		if wrong := c.Validate(); len(wrong) > 0 {
			t.Errorf("the defaults (dev %v) are not valid: %v", dev, wrong)
		}
	}
}

// The schema states the defaults that are in force, for every setting.
func TestF_N07_TheSchemaHasTheRealDefaults(t *testing.T) {
	t.Parallel()
	var schema map[string]any
	if err := json.Unmarshal(config.Schema(), &schema); err != nil {
		t.Fatal(err)
	}
	for _, f := range config.Fields() {
		at := schema
		for part := range strings.SplitSeq(f.Key, ".") {
			below, _ := at["properties"].(map[string]any)
			at, _ = below[part].(map[string]any)
		}
		if at == nil {
			t.Fatalf("%s is not in the schema", f.Key)
		}
		promised, ok := at["default"]
		want := f.Default
		if f.Kind == config.Switch && want == "" {
			want = "false"
		}
		if got := fmt.Sprint(promised); ok && got != want || !ok && want != "" && f.Kind != config.List {
			t.Errorf("%s: the schema promises %v, in force is %q", f.Key, promised, want)
		}
	}
}

// The patterns of the schema accept a text exactly when the daemon does, apart from the bounds of its value: an editor and
// the chart refuse "abc" before a daemon is replaced.
func TestSchemaRefusesWhatTheDaemonRefuses(t *testing.T) {
	t.Parallel()
	var root struct {
		Properties map[string]struct {
			Properties map[string]struct{ Pattern string }
		}
	}
	if err := json.Unmarshal(config.Schema(), &root); err != nil {
		t.Fatal(err)
	}
	limit := regexp.MustCompile(root.Properties["limits"].Properties["token"].Pattern)
	for text, good := range map[string]bool{
		"600/1m": true, "off": true, "0": true, "": true, "10 / 1h30m": true, "5/90": true, "1/1d": true, "abc": false, "600": false,
		"600/": false, "600/m": false, "-1/1m": false, "600/1m/2": false, "on": false, "1e3/1m": false,
	} {
		_, err := config.ParseRate(strings.TrimSpace(text))
		if text == "" {
			err = nil // the default
		}
		if limit.MatchString(text) != good || (err == nil) != good {
			t.Errorf("limit %q: schema %t, daemon %v, want %t", text, limit.MatchString(text), err, good)
		}
	}
	life := regexp.MustCompile(root.Properties["token"].Properties["access"].Pattern)
	for _, text := range []string{"90s", "15m", "7d", "1d12h", "1h30m", "1.5h", ".5s", "900", "-3", "soon", "", "5", "m", "1d1", "1w", "1h 30m", "+2m", "d", "1dd"} {
		_, err := config.ParseDuration(text)
		if life.MatchString(text) != (err == nil) {
			t.Errorf("duration %q: schema %t, daemon %v", text, life.MatchString(text), err)
		}
	}
	if empty := root.Properties["limits"].Properties["on_redis_outage"].Pattern; empty != "" {
		t.Errorf("on_redis_outage has a pattern: %q", empty)
	}
}
