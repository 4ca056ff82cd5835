package config_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/recipe-web-app/oauth2d/internal/config"
)

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
