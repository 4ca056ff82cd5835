package registry

import "testing"

// Lookups of a cached client by requests at the same time.
func BenchmarkClientParallel(b *testing.B) {
	s := newStage()
	r := s.replica()
	if _, _, err := r.Register(b.Context(), confidential("demo"), ""); err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	b.RunParallel(func(p *testing.PB) {
		for p.Next() {
			if _, err := r.Client(b.Context(), "demo"); err != nil {
				b.Error(err)
			}
		}
	})
}

// Checks of a slow hash that matched before.
func BenchmarkCheckCachedHashParallel(b *testing.B) {
	r := newStage().replica()
	c, _, err := r.Register(b.Context(), confidential("demo"), "a chosen secret")
	if err != nil {
		b.Fatal(err)
	}
	check := func() {
		if ok, err := r.CheckSecret(b.Context(), c, "a chosen secret"); !ok || err != nil {
			b.Error(ok, err)
		}
	}
	check()
	b.ReportAllocs()
	b.RunParallel(func(p *testing.PB) {
		for p.Next() {
			check()
		}
	})
}
