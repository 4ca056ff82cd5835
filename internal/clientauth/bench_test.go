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

// Requests at the same time with secrets that were right before.
func BenchmarkSeenSecretParallel(b *testing.B) {
	s := newSeenSecrets()
	s.add(s.mark("planner", "a secret of some length that is generated"))
	b.ReportAllocs()
	b.RunParallel(func(p *testing.PB) {
		for p.Next() {
			if !s.has(s.mark("planner", "a secret of some length that is generated")) {
				b.Error("forgotten")
			}
		}
	})
}
