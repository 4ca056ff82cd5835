package roomtest

import (
	"bytes"
	"fmt"
	"log/slog"
	"strings"
	"testing"
)

// Hides checks that neither fmt nor slog shows a text that value holds.
func Hides(t testing.TB, value any, text string) {
	t.Helper()
	var shown bytes.Buffer
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q"} {
		fmt.Fprintf(&shown, verb+"\n", value)
	}
	slog.New(slog.NewTextHandler(&shown, nil)).Info("text", "value", value)
	slog.New(slog.NewJSONHandler(&shown, nil)).Info("json", "value", value)
	if strings.Contains(shown.String(), text) {
		t.Errorf("%T shows its secret:\n%s", value, &shown)
	}
}
