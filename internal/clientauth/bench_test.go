package clientauth

import "testing"

// BenchmarkSeenSecrets measures how long it takes to recognize a secret that was right before.
func BenchmarkSeenSecrets(b *testing.B) {
	p := newSeenSecrets()
	p.add(p.mark("service", "a secret of forty-three characters, or more"))
	b.ReportAllocs()
	for b.Loop() {
		if !p.has(p.mark("service", "a secret of forty-three characters, or more")) {
			b.Fatal("forgotten")
		}
	}
}
