package main

import (
	"strings"
	"testing"

	"github.com/recipe-web-app/oauth2d/internal/cli/exit"
)

func TestF_N04_RedirectURIsOfTheDevServer(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		args []string
		want string
	}{
		"not dev": {[]string{"serve", "--redirect-uri", "http://localhost:3000/"}, "--redirect-uri is for --dev; hint: oauth2d client create"},
		"no URI":  {[]string{"serve", "--dev", "--redirect-uri", "localhost:3000"}, "--redirect-uri localhost:3000: "},
		"foreign": {[]string{"serve", "--dev", "--redirect-uri", "http://example.com/cb"}, "not loopback; hint: such as http://localhost:3000/callback"},
	} {
		if code, _, told := terminal(t, nil, c.args...); code != exit.WrongUsage || !strings.Contains(told, c.want) {
			t.Errorf("%s: %d, %s", name, code, told)
		}
	}
}
