package metric

import (
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// KeyAge is the time for which a key of the server has been in use.
type KeyAge struct {
	Use, Algorithm string
	Age            time.Duration
}

// PartHealth is the state of a part of the server.
type PartHealth struct {
	Part  string
	Value float64 // 1 is healthy, 0.5 degraded, 0 down
}

// RedisHealth is the last observed state of Redis.
type RedisHealth struct {
	Evicted     int64  // keys that Redis evicted
	Used, Limit int64  // bytes of memory; a Limit of 0 means no limit
	Lost        uint64 // how often acknowledged changes were found to be missing
}

// CertificateEnd is the end of the validity of a certificate.
type CertificateEnd struct {
	Use string
	End time.Time
}

// Backup is the last successful backup of a kind; a zero At means that there is none.
type Backup struct {
	Kind string
	At   time.Time
	Size int64
}

// State holds functions that are called whenever the metrics are read. Every function must be cheap, safe for
// concurrent use, and must not block.
type State struct {
	KeyAges      func() []KeyAge // of the keys in use for new tokens and secrets
	SecretAges   func() map[string]time.Duration
	AuditWaiting func() int // events that wait to be recorded
	Sessions     func() int // live browser sessions at the last count; below 0: not counted yet
	Health       func() []PartHealth
	Redis        func() (health RedisHealth, known bool)
	Certificates func() []CertificateEnd
	Backups      func() []Backup
	KeyRotation  time.Duration // how long a key signs before the next one replaces it
}

// Watch adds the metrics of the state. It may be called once.
func (m *Metrics) Watch(s State) {
	m.registry.MustRegister(stateCollector{
		State:    s,
		keyAge:   described("key_age_seconds", "How long the current key has been in use, by use and algorithm.", "use", "algorithm"),
		secret:   described("secret_age_seconds", "How long the server has had its master_key, its redis_password and its sentinel_password.", "secret"),
		waiting:  described("audit_queue_length", "Events that wait to be written to the audit log."),
		sessions: described("sessions_active", "Live browser sessions of all servers, counted every half minute."),
		health:   described("health", "State of each part: 1 is healthy, 0.5 degraded, 0 down.", "part"),
		evicted:  described("redis_evicted_keys", "Keys that Redis evicted for lack of memory since it started. Each was part of the state."),
		used:     described("redis_memory_used_bytes", "Memory that Redis uses."),
		limit:    described("redis_memory_limit_bytes", "Memory that Redis may use; 0 means no limit."),
		lost:     described("redis_losses", "How often acknowledged changes were found to be missing after a failover, since this server started."),
		rotation: described("key_rotation_interval_seconds", "How long a key signs before the next one replaces it (keys.rotate_every)."),
		ends:     described("certificate_not_after_timestamp_seconds", "When a certificate expires, as Unix time: server, redis_client, redis_ca, redis_server.", "use"),
		backedUp: described("backup_last_success_timestamp_seconds", "When the data of the last successful backup was read, as Unix time; 0 means that there is none.", "kind"),
		size:     described("backup_last_size_bytes", "Size of the last successful backup.", "kind"),
	})
}

func described(name, help string, labels ...string) *prometheus.Desc {
	return prometheus.NewDesc("oauth2d_"+name, help, labels, nil)
}

// stateCollector reads the state.
type stateCollector struct {
	State
	keyAge, secret, waiting, sessions, health *prometheus.Desc
	evicted, used, limit, lost                *prometheus.Desc
	rotation, ends, backedUp, size            *prometheus.Desc
}

// Describe implements prometheus.Collector.
func (c stateCollector) Describe(to chan<- *prometheus.Desc) {
	for _, d := range []*prometheus.Desc{c.keyAge, c.secret, c.waiting, c.sessions, c.health, c.evicted, c.used, c.limit, c.lost, c.rotation, c.ends, c.backedUp, c.size} {
		to <- d
	}
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
	if c.SecretAges != nil {
		for name, age := range c.SecretAges() {
			gauge(c.secret, age.Seconds(), name)
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
	if c.Health != nil {
		for _, h := range c.Health() {
			gauge(c.health, h.Value, h.Part)
		}
	}
	c.collectUpkeep(gauge)
	if c.Redis != nil {
		if h, known := c.Redis(); known {
			gauge(c.evicted, float64(h.Evicted))
			gauge(c.used, float64(h.Used))
			gauge(c.limit, float64(h.Limit))
			gauge(c.lost, float64(h.Lost))
		}
	}
}

// collectUpkeep reads what an operator must renew or repeat.
func (c stateCollector) collectUpkeep(gauge func(d *prometheus.Desc, value float64, labels ...string)) {
	if c.KeyRotation > 0 {
		gauge(c.rotation, c.KeyRotation.Seconds())
	}
	if c.Certificates != nil {
		for _, one := range c.Certificates() {
			gauge(c.ends, float64(one.End.Unix()), one.Use)
		}
	}
	if c.Backups == nil {
		return
	}
	for _, b := range c.Backups() {
		at := 0.0
		if !b.At.IsZero() {
			at = float64(b.At.UnixMilli()) / 1000
		}
		gauge(c.backedUp, at, b.Kind)
		gauge(c.size, float64(b.Size), b.Kind)
	}
}
