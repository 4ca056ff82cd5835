package secret_test

import (
	"runtime"
	"testing"

	"github.com/recipe-web-app/oauth2d/internal/secret"
)

// The memory of a finished hash is free before the next one begins. This test is not parallel: it reads the size of the
// heap.
func TestHashesDoNotPileUp(t *testing.T) { //nolint:paralleltest // as said
	const memory = 32 << 10 // KiB
	h := secret.NewHasher(secret.HasherOptions{Memory: memory, Time: 1, Parallel: 1})
	for n := range 5 {
		if _, err := h.Hash(t.Context(), "a password"); err != nil {
			t.Fatal(err)
		}
		var m runtime.MemStats
		runtime.ReadMemStats(&m)
		if m.HeapAlloc >= memory<<10 {
			t.Fatalf("after hash %d the heap has %d MiB", n+1, m.HeapAlloc>>20)
		}
	}
}
