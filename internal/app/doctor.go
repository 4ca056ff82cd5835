package app

import (
	"context"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"time"

	"github.com/recipe-web-app/oauth2d/internal/config"
	"github.com/recipe-web-app/oauth2d/internal/event"
	"github.com/recipe-web-app/oauth2d/internal/keyring"
	"github.com/recipe-web-app/oauth2d/internal/redis/probe"
	"github.com/recipe-web-app/oauth2d/internal/redis/redisconn"
	"github.com/recipe-web-app/oauth2d/internal/redis/serverstore"
	"github.com/recipe-web-app/oauth2d/internal/smallfile"
)

// Verdict rates a finding.
type Verdict string

// The verdicts.
const (
	Well    Verdict = "ok"
	Doubt   Verdict = "warn" // works, but something should be done about it
	Failing Verdict = "fail"
)

// Finding is the result of one check.
type Finding struct {
	Check   string  // the stable name of the check
	Verdict Verdict //
	Found   string  // a sentence
	Remedy  string  // empty when all is well
}

// The limits of Doubt and Failing.
const (
	clockDoubt   = 500 * time.Millisecond
	clockFail    = 5 * time.Second
	expiryDoubt  = 21 * 24 * time.Hour
	memoryDoubt  = 80              // percent
	overdueDoubt = 2 * time.Hour   // a signing key past its calendar
	surveyTime   = 1 * time.Minute // for all checks together
)

// Examine checks everything that a server with these settings needs, except what is reached by HTTP, and changes
// nothing.
func Examine(ctx context.Context, c config.Config) []Finding {
	ctx, cancel := context.WithTimeout(ctx, surveyTime)
	defer cancel()
	e := &examiner{now: time.Now}
	e.redis(ctx, c)
	e.secretFiles(c)
	e.certificate("tls", c.Server.TLS.CertFile)
	e.certificate("redis tls", c.Redis.TLS.CertFile)
	return e.found
}

type examiner struct {
	now   func() time.Time
	found []Finding
}

func (e *examiner) tell(check string, v Verdict, remedy, format string, args ...any) {
	if v == Well {
		remedy = ""
	}
	e.found = append(e.found, Finding{Check: check, Verdict: v, Found: fmt.Sprintf(format, args...), Remedy: remedy})
}

func (e *examiner) redis(ctx context.Context, c config.Config) {
	if c.Redis.Mode == "embedded" {
		e.tell("redis", Doubt, "name a Redis of its own by redis.mode and redis.addrs", "embedded: everything is lost at exit")
		return
	}
	db, err := openDB(ctx, c.Redis, watch{log: slog.New(slog.DiscardHandler), observer: true})
	if err != nil {
		e.tell("redis", Failing, "correct the redis settings", "%s", err)
		return
	}
	defer func() { _ = db.Close() }() // no request is in flight
	prober := probe.New(db)
	servers, err := prober.Servers(ctx)
	if err != nil {
		e.wrong("redis", err)
		return
	}
	for _, s := range servers {
		e.server(s)
	}
	e.servers(c.Redis, servers)
	e.durability(c.Redis)
	e.sentinels(prober.Sentinels(ctx))
	// The checks of a starting server: permissions, roles, Sentinels.
	if err := prober.Check(ctx); errors.Is(err, probe.ErrNames) {
		e.wrong("redis names", err)
	} else if err != nil {
		e.wrong("redis acl", err)
		return
	}
	e.tell("redis acl", Well, "", "the user has all permissions that are needed")
	e.owner(ctx, c, db)
	e.keys(ctx, c, db)
}

// wrong records an error of redisconn, whose text after the last colon is the remedy.
func (e *examiner) wrong(check string, err error) {
	text := strings.TrimPrefix(err.Error(), "redis: ")
	remedy := "see the message"
	if i := strings.LastIndex(text, ": "); i > 0 {
		text, remedy = text[:i], text[i+2:]
	}
	e.tell(check, Failing, remedy, "%s", text)
}

// server checks one server.
func (e *examiner) server(s probe.Server) {
	if s.Err != nil {
		e.wrong("redis reachable", s.Err)
		return
	}
	e.tell("redis reachable", Well, "", "%s answers as %s", s.Addr, s.Role)
	verdict := Well
	if s.TooOld {
		verdict = Failing
	}
	e.tell("redis version", verdict, "run Redis 6.2 or later", "%s runs %s", s.Addr, s.Version)
	verdict = Well
	if s.Eviction != "noeviction" {
		verdict = Failing
	}
	e.tell("redis eviction", verdict, "set maxmemory-policy noeviction: a full Redis must not evict revocations", "%s has %s", s.Addr, s.Eviction)
	e.persistence(s)
	e.memory(s)
	e.replication(s)
	if s.CanConfigure {
		e.tell("redis rights", Doubt, "create a user for oauth2d alone, such as that of deploy/redis/users.acl", "the user may change the configuration of %s", s.Addr)
	}
	if s.LinkDown {
		e.tell("redis replication", Failing, "find out why it has no connection to its master", "%s has lost its master", s.Addr)
	}
	switch ahead := s.ClockSkew.Abs(); {
	case !s.ClockKnown:
		e.tell("redis clock", Doubt, "grant +time in its ACL", "this user may not read the clock of %s", s.Addr)
	case ahead >= clockFail:
		e.tell("redis clock", Failing, "synchronize the clocks of all machines (NTP)", "%s is %s away from this machine", s.Addr, ahead.Round(time.Millisecond))
	case ahead >= clockDoubt:
		e.tell("redis clock", Doubt, "synchronize the clocks of all machines (NTP)", "%s is %s away from this machine", s.Addr, ahead.Round(time.Millisecond))
	default:
		e.tell("redis clock", Well, "", "%s has the time of this machine", s.Addr)
	}
}

func (e *examiner) persistence(s probe.Server) {
	const remedy = "set appendonly yes on every node, so that a restart loses no login and no revocation"
	switch s.Persistence {
	case probe.PersistsLog:
		e.tell("redis persistence", Well, "", "%s keeps an append-only file", s.Addr)
	case probe.PersistsSnapshots:
		e.tell("redis persistence", Doubt, remedy, "%s takes snapshots only", s.Addr)
	case probe.PersistsNothing:
		e.tell("redis persistence", Failing, remedy, "%s keeps nothing on disk", s.Addr)
	default:
		e.tell("redis persistence", Doubt, remedy, "%s keeps no append-only file", s.Addr)
	}
}

func (e *examiner) memory(s probe.Server) {
	const mib = 1 << 20
	switch {
	case s.Limit == 0:
		e.tell("redis memory", Doubt, "set maxmemory below the memory of the machine, so that Redis refuses writes instead of being killed",
			"%s uses %d MiB and has no limit", s.Addr, s.Used/mib)
	case s.Used*100 >= s.Limit*memoryDoubt:
		e.tell("redis memory", Doubt, "increase its memory before it refuses writes", "%s uses %d of %d MiB", s.Addr, s.Used/mib, s.Limit/mib)
	default:
		e.tell("redis memory", Well, "", "%s uses %d of %d MiB", s.Addr, s.Used/mib, s.Limit/mib)
	}
}

// servers checks all servers together.
func (e *examiner) servers(c config.Redis, all []probe.Server) {
	masters, bare := 0, 0
	for _, s := range all {
		if s.Role == "master" {
			masters++
			if s.Replicas == 0 {
				bare++
			}
		}
	}
	switch {
	case masters == 0:
	case c.Mode == "standalone" && bare > 0:
		e.tell("redis replicas", Doubt, "run Sentinel with two replicas if an outage of Redis must not stop sign-ins", "one server, without replica")
	case bare > 0:
		e.tell("redis replicas", Failing, "start the replicas: nothing can be promoted", "%d of %d masters have no replica", bare, masters)
	default:
		e.tell("redis replicas", Well, "", "every master has a replica")
	}
}

// owner checks whose data Redis has.
func (e *examiner) owner(ctx context.Context, c config.Config, db *redisconn.DB) {
	found, err := db.Owner(ctx)
	wanted := ownerOf(c)
	switch {
	case err != nil:
		e.wrong("redis owner", err)
	case found == "" || wanted.Name == "":
	case found == wanted.Name:
		e.tell("redis owner", Well, "", "the data is that of %s", found)
	case found == wanted.Previous:
		e.tell("redis owner", Doubt, "start the servers; everybody must sign in again", "the data is still that of %s, the earlier issuer", found)
	default:
		e.tell("redis owner", Failing, "use another Redis or redis.db for this server, or set issuer_previous to the earlier issuer of this server",
			"the data is that of another issuer, %s", found)
	}
}

// keys checks the server's own keys, without making any.
func (e *examiner) keys(ctx context.Context, c config.Config, db *redisconn.DB) {
	keys := serverstore.NewKeys(db)
	_, version, err := keys.Load(ctx)
	if err != nil {
		e.tell("keys", Failing, "see the error of Redis", "they cannot be read: %s", err)
		return
	}
	if version == 0 {
		e.tell("keys", Doubt, "start a server", "there are none yet: the first server makes them")
		return
	}
	sealer, err := c.Sealer()
	if err != nil {
		e.tell("keys", Failing, "set the master key that all servers have", "%s", err)
		return
	}
	ring := keyring.New(keyring.Options{Store: keys, Sealer: sealer, Events: event.Sinks{}, Now: e.now, Every: c.Keys.RotateEvery, Ahead: c.Keys.PublishAhead})
	if err := ring.Load(ctx); err != nil {
		remedy := "see the message"
		if errors.Is(err, keyring.ErrMasterKey) {
			remedy = "set the right master key, or the earlier one as master_key_previous"
		}
		e.tell("keys", Failing, remedy, "%s", err)
		return
	}
	var signs keyring.Info
	for _, k := range ring.List() {
		if k.Use == keyring.UseSign && k.State == keyring.Active && k.Active.After(signs.Active) {
			signs = k
		}
	}
	age := e.now().Sub(signs.Active).Round(time.Minute)
	switch {
	case signs.ID == "":
		e.tell("keys", Failing, "oauth2d key rotate", "no key signs")
	case age > c.Keys.RotateEvery+overdueDoubt:
		e.tell("keys", Doubt, "check that a server runs, which rotates the keys; or run oauth2d key rotate", "%s has signed for %s, longer than keys.rotate_every", signs.ID, age)
	default:
		e.tell("keys", Well, "", "%s has signed for %s", signs.ID, age)
	}
}

// certificate checks the validity of a PEM file; an empty name means that there is none.
func (e *examiner) certificate(check, file string) {
	if file == "" {
		return
	}
	raw, err := smallfile.Read(file)
	if err != nil {
		e.tell(check, Failing, "name a file that this user may read", "%s cannot be read: %v", file, smallfile.Cause(err))
		return
	}
	block, _ := pem.Decode(raw)
	if block == nil {
		e.tell(check, Failing, "name a PEM file with the certificate first", "%s holds no certificate", file)
		return
	}
	parsed, err := x509.ParseCertificate(block.Bytes)
	if err != nil {
		e.tell(check, Failing, "name a PEM file with the certificate first", "%s holds no certificate", file)
		return
	}
	e.found = append(e.found, Expiry(check, file, parsed.NotAfter, e.now()))
}

// Expiry rates the remaining validity of a certificate.
func Expiry(check, what string, end, now time.Time) Finding {
	left := end.Sub(now)
	f := Finding{Check: check, Verdict: Well, Found: fmt.Sprintf("the certificate of %s is valid for %d days", what, int(left.Hours()/24))}
	switch {
	case left <= 0:
		f.Verdict, f.Found = Failing, fmt.Sprintf("the certificate of %s expired on %s", what, end.UTC().Format(time.DateOnly))
	case left < expiryDoubt:
		f.Verdict, f.Found = Doubt, fmt.Sprintf("the certificate of %s is valid for only %d days", what, int(left.Hours()/24))
	}
	if f.Verdict != Well {
		f.Remedy = "renew it; it is read again without a restart"
	}
	return f
}
