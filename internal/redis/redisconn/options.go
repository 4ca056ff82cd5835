package redisconn

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"time"

	"go.opentelemetry.io/otel/trace"

	"github.com/recipe-web-app/oauth2d/internal/redis/redisdial"
)

// Mode names the kind of Redis behind the addresses.
type Mode string

// The modes.
const (
	Embedded   Mode = "embedded"   // in this process and gone with it; for development
	Standalone Mode = "standalone" // one server
	Sentinel   Mode = "sentinel"   // a master that Sentinels name
	Cluster    Mode = "cluster"    // hash slots over several masters
)

// Durability names the rule by which a write is acknowledged.
type Durability string

// The durabilities.
const (
	// Strict acknowledges what every replica has that a Sentinel could promote: the loss of any one
	// server loses nothing. Everything else is an error, and reads never come from a server that
	// may have been replaced. In a cluster it acknowledges what every replica has that is connected
	// to the slot's master, and reads may for a moment come from a master that was replaced.
	Strict Durability = "strict"
	// Relaxed acknowledges what the master executed: a failover may lose what was acknowledged.
	Relaxed Durability = "relaxed"
)

// Options describe how to reach Redis. The zero Options opens an embedded one.
type Options struct {
	Mode       Mode     // "" means Embedded
	Addrs      []string // host:port of the server, of the Sentinels, or of some Cluster nodes
	MasterName string   // as the Sentinels know it; Sentinel mode only

	Username         string // an ACL user; "" is the default user
	Password         string
	SentinelUsername string
	SentinelPassword string

	DB  int         // the logical database; always 0 in Cluster mode
	TLS *tls.Config // nil means plain TCP; it is used towards Sentinels too
	// Roots returns the authorities to trust, for each new connection. nil means those of TLS.
	Roots func() *x509.CertPool

	DialTimeout time.Duration // 0 means 300 ms
	Timeout     time.Duration // of one pipeline; 0 means 500 ms
	PoolSize    int           // how many pipelines may be under way at a time; 0 means 4

	Durability Durability    // "" means Strict behind Sentinels, Relaxed otherwise
	Lease      time.Duration // how long the Sentinels' last view lets a master be read (I7); 0 means 1 s

	// Prefix begins every key that this package writes itself. "" means auth:
	Prefix string
	// AllowEviction accepts a server that throws keys away when its memory is full: for a cache only.
	AllowEviction bool
	// Commands are those that the caller's scripts use, each with harmless arguments and without its key
	// ("HSET f 1"). The check at the start tries them.
	Commands []string

	// DataVersion is that of the release. The zero DataVersion means CurrentDataVersion; others are for tests.
	DataVersion DataVersion

	// Observer changes nothing unasked: an empty Redis gets no name. For commands that only look.
	Observer bool

	// OnState receives the state of strict durability several times a second. It must not block. May be nil.
	OnState func(State)

	// Observe receives the outcome of every request: its verb, one of the results of package outcome, and the
	// time that its caller waited. It must not block. May be nil.
	Observe func(verb, result string, took time.Duration)

	// RoundTrip is called for every pipeline that leaves for Redis, with the number of requests that share it.
	// It must not block. May be nil.
	RoundTrip func(requests int)

	// Tracer makes spans of the questions that traced requests ask. nil: none.
	Tracer trace.TracerProvider

	Logger *slog.Logger // gets the messages of the driver, at debug level; nil discards them
	// Now measures how long something takes: requests that wait, leases, pauses. It must carry the monotonic clock; nil means
	// the system's.
	Now func() time.Time

	// CallerClock makes scripts use the times that callers pass, where they would ask Redis for
	// the time. It is for tests that move the clock, and only for them: with it, daemons whose clocks
	// differ disagree on the grace and on the life of codes.
	CallerClock bool

	login *redisdial.Login // made by Open, and shared by everything that Dial returns
}

// The defaults.
const (
	defaultDial     = 300 * time.Millisecond
	defaultTimeout  = 500 * time.Millisecond
	defaultPipeline = 4
	defaultLease    = time.Second
	defaultPrefix   = "auth:"
)

func (o Options) withDefaults() (Options, error) {
	if o.Mode == "" {
		o.Mode = Embedded
	}
	if o.Prefix == "" {
		o.Prefix = defaultPrefix
	}
	if o.DataVersion == (DataVersion{}) {
		o.DataVersion = CurrentDataVersion()
	}
	if o.DialTimeout <= 0 {
		o.DialTimeout = defaultDial
	}
	if o.Timeout <= 0 {
		o.Timeout = defaultTimeout
	}
	if o.PoolSize <= 0 {
		o.PoolSize = defaultPipeline
	}
	if o.Lease <= 0 {
		o.Lease = defaultLease
	}
	if o.Durability == "" {
		o.Durability = Relaxed
		if o.Mode == Sentinel {
			o.Durability = Strict
		}
	}
	if o.OnState == nil {
		o.OnState = func(State) {}
	}
	if o.Observe == nil {
		o.Observe = func(string, string, time.Duration) {}
	}
	if o.RoundTrip == nil {
		o.RoundTrip = func(int) {}
	}
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	return o, o.validate()
}

func (o Options) validate() error {
	if !slices.Contains([]Mode{Embedded, Standalone, Sentinel, Cluster}, o.Mode) {
		return fmt.Errorf("redis: %q is no mode: use standalone, sentinel, cluster or embedded", o.Mode)
	}
	if !slices.Contains(append([]Durability{Strict, Relaxed}, controls()...), o.Durability) {
		return fmt.Errorf("redis: %q is no durability: use strict or relaxed", o.Durability)
	}
	if o.Durability == Strict && o.Mode != Sentinel && o.Mode != Cluster {
		return fmt.Errorf("redis: strict durability needs replicas that can take over: %s mode has none; "+
			"use sentinel or cluster mode, or relaxed durability", o.Mode)
	}
	if o.Mode == Embedded {
		return nil
	}
	if len(o.Addrs) == 0 || slices.Contains(o.Addrs, "") {
		return errors.New("redis: no address is configured, or an empty one")
	}
	if o.Mode == Standalone && len(o.Addrs) > 1 {
		return errors.New("redis: standalone mode takes one address; several need sentinel or cluster mode")
	}
	if o.Mode == Sentinel && o.MasterName == "" {
		return errors.New("redis: sentinel mode needs the master's name (sentinel monitor <name> … in sentinel.conf)")
	}
	if o.Mode == Cluster && o.DB != 0 {
		return errors.New("redis: a cluster has database 0 only")
	}
	return nil
}

// pipelineTimeout bounds one pipeline, with the dial before it.
func (o Options) pipelineTimeout() time.Duration { return o.DialTimeout + o.Timeout }

// writers returns the number of pipelines of writes that may be under way: one fills while the other waits.
func (o Options) writers() int { return max(1, min(2, o.PoolSize/2)) }

// readers returns the number of pipelines of reads that may be under way.
func (o Options) readers() int { return max(1, o.PoolSize-o.writers()) }

// keyNames are the keys that this package writes itself.
type keyNames struct{ history, fence, owner, version, beat string }

func (o Options) keys() keyNames {
	return keyNames{
		history: o.Prefix + "history", fence: o.Prefix + "fence", owner: o.Prefix + "issuer", version: o.Prefix + "data_version",
		beat: o.Prefix + "beat:",
	}
}

// Dial returns how servers are reached.
func (o Options) Dial() redisdial.Options {
	return redisdial.Options{
		Login: o.login, MasterName: o.MasterName, DB: o.DB, TLS: o.TLS, Roots: o.Roots, DialTimeout: o.DialTimeout, Timeout: o.Timeout,
	}
}
