package clientauth

import "testing"

// BenchmarkProven is what it costs to know that a secret was right before.
func BenchmarkProven(b *testing.B) {
	p := newProven()
	p.add(p.mark("service", "a secret of forty-three characters, or more"))
	b.ReportAllocs()
	for b.Loop() {
		if !p.has(p.mark("service", "a secret of forty-three characters, or more")) {
			b.Fatal("forgotten")
		}
	}
}
