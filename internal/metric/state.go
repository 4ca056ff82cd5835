package metric

import (
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// KeyAge is how long a key of the server has been in use.
type KeyAge struct {
	Use, Algorithm string
	Age            time.Duration
}

// State is what is looked at whenever somebody reads the counters. Every function must be cheap, safe for
// concurrent use, and wait for nobody.
type State struct {
	KeyAges      func() []KeyAge // of the keys that make new things now
	AuditWaiting func() int      // facts that wait to be recorded
	Sessions     func() int      // live browser sessions, as they were last counted; below 0: not yet
}

// Watch shows the state from now on. It may be called once.
func (m *Metrics) Watch(s State) {
	m.registry.MustRegister(stateCollector{
		State:    s,
		keyAge:   described("key_age_seconds", "How long the key that serves has been in use, by use and algorithm.", "use", "algorithm"),
		waiting:  described("audit_waiting", "Facts that wait to be recorded in the audit log."),
		sessions: described("sessions_active", "Live browser sessions of all servers, counted every half minute."),
	})
}

func described(name, help string, labels ...string) *prometheus.Desc {
	return prometheus.NewDesc("oauth2d_"+name, help, labels, nil)
}

// stateCollector reads the state.
type stateCollector struct {
	State
	keyAge, waiting, sessions *prometheus.Desc
}

// Describe implements prometheus.Collector.
func (c stateCollector) Describe(to chan<- *prometheus.Desc) {
	to <- c.keyAge
	to <- c.waiting
	to <- c.sessions
}

// Collect implements prometheus.Collector.
func (c stateCollector) Collect(to chan<- prometheus.Metric) {
	gauge := func(d *prometheus.Desc, value float64, labels ...string) {
		to <- prometheus.MustNewConstMetric(d, prometheus.GaugeValue, value, labels...)
	}
	if c.KeyAges != nil {
		for _, k := range c.KeyAges() {
			gauge(c.keyAge, k.Age.Seconds(), k.Use, k.Algorithm)
		}
	}
	if c.AuditWaiting != nil {
		gauge(c.waiting, float64(c.AuditWaiting()))
	}
	if c.Sessions != nil {
		if n := c.Sessions(); n >= 0 {
			gauge(c.sessions, float64(n))
		}
	}
}
