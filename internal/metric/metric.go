package metric

import (
	"slices"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"

	"github.com/recipe-web-app/oauth2d/internal/event"
	"github.com/recipe-web-app/oauth2d/internal/oauth"
)

// Metrics is one set of metrics with its own registry, so that several can exist in one process. It is safe for
// concurrent use.
type Metrics struct {
	registry *prometheus.Registry

	issued       *prometheus.CounterVec // grant_type, format, refresh
	denied       *prometheus.CounterVec // grant_type, code
	credentials  *prometheus.CounterVec // kind, verdict
	codeReplays  prometheus.Counter
	reuses       prometheus.Counter
	revocations  *prometheus.CounterVec // revoked
	introspected *prometheus.CounterVec // active, caller
	logins       *prometheus.CounterVec // result, reason
	ended        *prometheus.CounterVec // reason
	consents     *prometheus.CounterVec // decision
	clientAuth   *prometheus.CounterVec // method, result, reason
	keyChanges   *prometheus.CounterVec // use, change
	limitsHit    *prometheus.CounterVec // rule
	lockouts     *prometheus.CounterVec // rule
	cleanups     *prometheus.CounterVec // result
	cleaned      prometheus.Counter
	unlogged     prometheus.Counter

	requests  *prometheus.CounterVec   // route, method, status
	durations *prometheus.HistogramVec // route, method
	inFlight  prometheus.Gauge

	redisCalls     *prometheus.CounterVec   // verb, result
	redisDurations *prometheus.HistogramVec // verb

	anomalies                                   anomalies
	known                                       closed
	codes, reasons, verbs, uses, rules, callers *vocabulary
}

// closed holds the allowed values of those labels that a caller of the daemon can influence. Any other value is counted
// as other.
type closed struct {
	grantTypes, formats, kinds, verdicts, revoked, authMethods, httpMethods []string
}

func closedLists(s oauth.Supported) closed {
	return closed{
		grantTypes: s.GrantTypeNames(),
		formats:    []string{string(oauth.FormatOpaque), string(oauth.FormatJWT)},
		kinds:      []string{string(event.CredentialCode), string(event.CredentialRefreshToken)},
		verdicts: []string{string(oauth.Advanced), string(oauth.Retried), string(oauth.Reused), string(oauth.Expired), string(oauth.Ended), string(oauth.Unknown),
			string(oauth.Foreign), string(oauth.Unbound), string(oauth.NoScope), string(oauth.NoAudience)},
		revoked:     []string{string(event.RevokedToken), string(event.RevokedGrant), string(event.RevokedUser), string(event.RevokedClient), string(event.RevokedAll)},
		authMethods: s.AuthMethodNames(),
		httpMethods: []string{"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"},
	}
}

// New returns Metrics. oauth2d_build_info shows version. The labels grant_type and method have the names in s as
// values, and "other".
func New(version string, s oauth.Supported) *Metrics {
	m := &Metrics{
		registry: prometheus.NewRegistry(),

		issued:       counters("tokens_issued_total", "Access tokens issued.", "grant_type", "format", "refresh"),
		denied:       counters("token_requests_denied_total", "Token requests refused, by OAuth error code.", "grant_type", "code"),
		credentials:  counters("credentials_presented_total", "Codes and refresh tokens presented, by the store's verdict.", "kind", "verdict"),
		codeReplays:  counter("code_replays_total", "Authorization codes presented a second time."),
		reuses:       counter("refresh_reuses_total", "Spent refresh tokens presented again; their grants were revoked."),
		revocations:  counters("revocations_total", "Revocations, by their scope: a token, a grant, a user's or client's tokens, or everything.", "revoked"),
		introspected: counters("introspections_total", "Introspections, by whether the token was active, by caller, and by the grant type of an active token.", "active", "caller", "grant_type"),
		logins:       counters("logins_total", "Attempts to sign in.", "result", "reason"),
		ended:        counters("sessions_ended_total", "Browser sessions that ended before their time.", "reason"),
		consents:     counters("consents_total", "Decisions on consent pages.", "decision"),
		clientAuth:   counters("client_authentications_total", "Attempts of clients to authenticate.", "method", "result", "reason"),
		keyChanges:   counters("key_changes_total", "Changes of the key ring.", "use", "change"),

		limitsHit: counters("limits_hit_total", "Requests refused because of a limit.", "rule"),
		lockouts:  counters("lockouts_total", "Lockouts, because a budget of wrong guesses was used up.", "rule"),
		cleanups:  counters("cleanup_runs_total", "Runs of the cleanup of entries that do not expire by themselves.", "result"),
		cleaned:   counter("cleanup_removed_total", "Entries that the cleanup removed."),
		unlogged:  counter("log_lines_dropped_total", "Lines of requests that were not logged, because the reader of the log was too slow."),

		requests:  counters("http_requests_total", "HTTP requests answered, by route pattern and status class.", "route", "method", "status"),
		durations: histograms("http_request_duration_seconds", "Time to answer an HTTP request.", "route", "method"),
		inFlight:  gauge("http_requests_in_flight", "HTTP requests being answered."),

		redisCalls:     counters("redis_calls_total", "Calls to Redis.", "verb", "result"),
		redisDurations: histograms("redis_call_duration_seconds", "Time of a call to Redis.", "verb"),

		anomalies: newAnomalies(),
		known:     closedLists(s),
		codes:     newVocabulary(), reasons: newVocabulary(), verbs: newVocabulary(), uses: newVocabulary(), rules: newVocabulary(), callers: newNames(),
	}
	build := prometheus.NewGaugeVec(options("build_info", "Always 1; the label holds the version."), []string{"version"})
	build.WithLabelValues(version).Set(1)
	m.registry.MustRegister(
		m.issued, m.denied, m.credentials, m.codeReplays, m.reuses, m.revocations, m.introspected,
		m.logins, m.ended, m.consents, m.clientAuth, m.keyChanges,
		m.limitsHit, m.lockouts, m.cleanups, m.cleaned, m.unlogged,
		m.requests, m.durations, m.inFlight, m.redisCalls, m.redisDurations, build,
		collectors.NewGoCollector(),
		collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}),
	)
	m.registry.MustRegister(m.anomalies.all()...)
	m.start()
	m.anomalies.start()
	return m
}

// start creates the series that an alert divides by, with the value 0, as the functions in expect.go do.
func (m *Metrics) start() {
	for _, kind := range m.known.kinds {
		for _, verdict := range m.known.verdicts {
			m.credentials.WithLabelValues(kind, verdict)
		}
	}
	for _, revoked := range m.known.revoked {
		m.revocations.WithLabelValues(revoked)
	}
	for _, method := range m.known.authMethods {
		m.clientAuth.WithLabelValues(method, "succeeded", "")
	}
	for _, result := range []string{"completed", "failed"} {
		m.cleanups.WithLabelValues(result)
	}
	m.logins.WithLabelValues("succeeded", "")
	for _, reason := range []string{"wrong password", "unknown user"} {
		m.logins.WithLabelValues("failed", m.reasons.word(reason))
	}
	m.consents.WithLabelValues("given")
	m.consents.WithLabelValues("denied")
}

// RequestBegan increments the number of requests in flight.
func (m *Metrics) RequestBegan() { m.inFlight.Inc() }

// LogLinesDropped counts lines of requests that were not logged.
func (m *Metrics) LogLinesDropped(lines int) { m.unlogged.Add(float64(lines)) }

// Request describes an answered request.
type Request struct {
	Route  string // the pattern that matched, never the path
	Method string
	Status int
	Took   time.Duration
	Trace  string // the id of its trace; empty when it is not traced
}

// RequestDone counts an answered request and decrements the number of requests in flight.
func (m *Metrics) RequestDone(r Request) {
	method := oneOf(r.Method, m.known.httpMethods)
	m.inFlight.Dec()
	m.requests.WithLabelValues(r.Route, method, class(r.Status)).Inc()
	observe(m.durations.WithLabelValues(r.Route, method), r.Took.Seconds(), r.Trace)
}

// RedisCall counts one call to Redis. verb is the name of the store's method ("grants.advance"); result is a word such
// as ok, error or timeout.
func (m *Metrics) RedisCall(verb, result string, took time.Duration) {
	verb = m.verbs.word(verb)
	m.redisCalls.WithLabelValues(verb, m.verbs.word(result)).Inc()
	m.redisDurations.WithLabelValues(verb).Observe(took.Seconds())
}

func options(name, help string) prometheus.GaugeOpts {
	return prometheus.GaugeOpts{Namespace: "oauth2d", Name: name, Help: help}
}

func counter(name, help string) prometheus.Counter {
	return prometheus.NewCounter(prometheus.CounterOpts(options(name, help)))
}

func counters(name, help string, labels ...string) *prometheus.CounterVec {
	return prometheus.NewCounterVec(prometheus.CounterOpts(options(name, help)), labels)
}

func gauge(name, help string) prometheus.Gauge { return prometheus.NewGauge(options(name, help)) }

func histograms(name, help string, labels ...string) *prometheus.HistogramVec {
	// In seconds: a token takes about a millisecond, a slow password hash a quarter of a second.
	buckets := []float64{.0005, .001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5}
	return prometheus.NewHistogramVec(prometheus.HistogramOpts{Namespace: "oauth2d", Name: name, Help: help, Buckets: buckets}, labels)
}

func class(status int) string {
	if status < 100 || status > 599 {
		return other
	}
	return "1xx2xx3xx4xx5xx"[3*(status/100-1):][:3]
}

func oneOf(value string, allowed []string) string {
	if slices.Contains(allowed, value) {
		return value
	}
	return other
}
