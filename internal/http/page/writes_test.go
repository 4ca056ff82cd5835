package page

import "testing"

func TestF_N13_NamesOfScopesThatWrite(t *testing.T) {
	t.Parallel()
	for scope, want := range map[string]bool{
		"write": true, "recipes:write": true, "Mail.ReadWrite": true, "recipes.readwrite": true, "files:rw": true, "DeleteUsers": true, "admin:*": true,
		"read": false, "openid": false, "Mail.Read": false, "rewritten": false, "profile": false,
	} {
		if got := namesWriting(scope); got != want {
			t.Errorf("%s: %v, want %v", scope, got, want)
		}
	}
}
