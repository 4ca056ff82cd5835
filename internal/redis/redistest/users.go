package redistest

import (
	"crypto/sha256"
	"encoding/hex"
	"os"
	"strings"
	"testing"
)

// Users returns the lines of redis.conf with the ACL users of a template, deploy/redis/users.acl, each with its name as
// password. The default user keeps every right, for the test.
func Users(t testing.TB, template string) []string {
	t.Helper()
	text, err := os.ReadFile(template) //nolint:gosec // G304: the test names it
	if err != nil {
		t.Fatal(err)
	}
	var users []string
	for line := range strings.Lines(string(text)) {
		words := strings.Fields(line)
		if len(words) < 2 || words[0] != "user" || words[1] == "default" {
			continue
		}
		sum := sha256.Sum256([]byte(words[1]))
		placeholder := "${" + strings.ToUpper(words[1]) + "_HASH}"
		users = append(users, strings.TrimSpace(strings.ReplaceAll(line, placeholder, hex.EncodeToString(sum[:]))))
	}
	return users
}
