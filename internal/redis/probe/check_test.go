package probe_test

import (
	"crypto/tls"
	"strings"
	"testing"
	"time"

	"github.com/recipe-web-app/oauth2d/internal/redis/probe"
	"github.com/recipe-web-app/oauth2d/internal/redis/redisconn"
	"github.com/recipe-web-app/oauth2d/internal/redis/redisdial"
	"github.com/recipe-web-app/oauth2d/internal/redis/redistest"
)

// counting returns a script that adds to a number and returns the sum.
func counting(db *redisconn.DB) *redisconn.Script {
	return db.Scripts().Script("return redis.call('INCRBY', KEYS[1], ARGV[1])")
}

func open(t *testing.T, o redisconn.Options) *redisconn.DB {
	t.Helper()
	db, err := redisconn.Open(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	return db
}

func onServer(server *redistest.Server) redisconn.Options {
	return redisconn.Options{Mode: redisconn.Standalone, Addrs: []string{server.Addr}, Commands: []string{"HSET f 1", "DEL"}}
}

// patient lengthens the timeouts for a busy machine.
func patient(o redisconn.Options) redisconn.Options {
	o.DialTimeout, o.Timeout = 5*time.Second, 5*time.Second
	return o
}

// secrets stand in the configuration and must not stand in any message.
const (
	rightPassword = "the-right-password"
	wrongPassword = "the-wrong-password"
)

// complains holds the start-up check to one line with certain words and without passwords.
func complains(t *testing.T, o redisconn.Options, words ...string) {
	t.Helper()
	err := probe.New(open(t, patient(o))).Check(t.Context())
	if err == nil {
		t.Errorf("no complaint; wanted %q", words)
		return
	}
	text := err.Error()
	for _, word := range words {
		if !strings.Contains(text, word) {
			t.Errorf("%q does not say %q", text, word)
		}
	}
	for _, never := range []string{rightPassword, wrongPassword, "\n"} {
		if strings.Contains(text, never) {
			t.Errorf("%q holds %q", text, never)
		}
	}
}

func content(t *testing.T, o redisconn.Options) {
	t.Helper()
	if err := probe.New(open(t, patient(o))).Check(t.Context()); err != nil {
		t.Errorf("unexpected complaint: %v", err)
	}
}

func TestCheckUnreachable(t *testing.T) {
	t.Parallel()
	addr := "127.0.0.1:" + redistest.FreePort(t)
	complains(t, redisconn.Options{Mode: redisconn.Standalone, Addrs: []string{addr}}, "nothing listens at "+addr)
	complains(t, redisconn.Options{Mode: redisconn.Sentinel, Addrs: []string{addr}, MasterName: "m"},
		"nothing listens at "+addr, "Sentinel")
	complains(t, redisconn.Options{Mode: redisconn.Cluster, Addrs: []string{addr}}, "nothing listens at "+addr)
}

func TestCheckPasswordAndRights(t *testing.T) {
	t.Parallel()
	server := redistest.Start(t,
		"user default on >"+rightPassword+" ~* +@all",
		"user least on >"+rightPassword+" ~auth:* +@all -@dangerous +info",
		"user noscripts on >"+rightPassword+" ~auth:* +@all -@dangerous +info -evalsha",
		"user noload on >"+rightPassword+" ~auth:* +@all -@dangerous +info -script|load",
		"user nohset on >"+rightPassword+" ~auth:* +@all -@dangerous +info -hset",
		"user noinfo on >"+rightPassword+" ~auth:* +@all -@dangerous",
		"user nokeys on >"+rightPassword+" ~other:* +@all -@dangerous +info")
	as := func(user, password string) redisconn.Options {
		o := onServer(server)
		o.Username, o.Password = user, password
		return o
	}
	content(t, as("", rightPassword))
	content(t, as("least", rightPassword))
	complains(t, as("", ""), server.Addr, "wants a password")
	complains(t, as("", wrongPassword), server.Addr, "refuses the password of the default user")
	complains(t, as("least", wrongPassword), server.Addr, `refuses the password of user "least"`)
	complains(t, as("noscripts", rightPassword), `user "noscripts" may not run evalsha`, "+evalsha", "NOPERM")
	complains(t, as("noload", rightPassword), `may not run script|load`, "+script|load")
	complains(t, as("nohset", rightPassword), `may not run hset`, "+hset")
	complains(t, as("noinfo", rightPassword), `may not run info`, "+info")
	complains(t, as("nokeys", rightPassword), "auth:", "~auth:*")
}

// Without WAIT nothing would ever be acknowledged.
func TestCheckWaitInTheCluster(t *testing.T) {
	t.Parallel()
	server := redistest.Start(t, "cluster-enabled yes", "cluster-config-file nodes.conf", "cluster-port "+redistest.FreePort(t),
		"user nowait on >"+rightPassword+" ~auth:* +@all -@dangerous +info +cluster -wait")
	server.Do(t, "cluster", "addslotsrange", 0, 16383)
	admin := server.Admin(t)
	redistest.Eventually(t, 10*time.Second, "the cluster is whole", func() bool {
		state, err := admin.ClusterInfo(t.Context()).Result()
		return err == nil && strings.Contains(state, "cluster_state:ok")
	})
	o := redisconn.Options{Mode: redisconn.Cluster, Addrs: []string{server.Addr}, Username: "nowait", Password: rightPassword}
	content(t, o)
	o.Durability = redisconn.Strict
	complains(t, o, `user "nowait" may not run wait`, "+wait")
}

func TestS09_CheckEviction(t *testing.T) {
	t.Parallel()
	server := redistest.Start(t)
	content(t, onServer(server))
	for _, policy := range []string{"allkeys-lru", "allkeys-lfu", "allkeys-random", "volatile-lru", "volatile-ttl"} {
		t.Run(policy, func(t *testing.T) {
			server.Do(t, "config", "set", "maxmemory-policy", policy)
			complains(t, onServer(server), "maxmemory-policy "+policy, "set maxmemory-policy noeviction")
		})
	}
}

func TestCheckTheWrongKindOfServer(t *testing.T) {
	t.Parallel()
	server := redistest.Start(t)
	replica := redistest.Start(t, "replicaof 127.0.0.1 "+server.Port())
	complains(t, onServer(replica), "is a replica")
	complains(t, redisconn.Options{Mode: redisconn.Cluster, Addrs: []string{server.Addr}}, "is not a node of a cluster")
	node := redistest.Start(t, "cluster-enabled yes", "cluster-port "+redistest.FreePort(t))
	complains(t, onServer(node), "is a node of a cluster")
}

func TestCheckSentinels(t *testing.T) {
	t.Parallel()
	group := redistest.StartGroup(t, "user auth on >"+rightPassword+" ~auth:* +@all -@dangerous +info +role", "appendonly yes")
	with := func(change func(*redisconn.Options)) redisconn.Options {
		o := redisconn.Options{
			Mode: redisconn.Sentinel, Addrs: group.Addrs, MasterName: redistest.MasterName,
			Username: "auth", Password: rightPassword,
		}
		change(&o)
		return o
	}
	content(t, with(func(*redisconn.Options) {}))
	dead := "127.0.0.1:" + redistest.FreePort(t)
	content(t, with(func(o *redisconn.Options) { o.Addrs = append([]string{dead}, group.Addrs...) }))
	complains(t, with(func(o *redisconn.Options) { o.MasterName = "mymaster" }), `knows no master named "mymaster"`)
	complains(t, with(func(o *redisconn.Options) { o.MasterName, o.Addrs = "mymaster", append([]string{dead}, group.Addrs...) }),
		`knows no master named "mymaster"`)
	complains(t, with(func(o *redisconn.Options) { o.Password = wrongPassword }), group.Nodes[0].Addr, "refuses the password")

	content(t, with(func(o *redisconn.Options) { o.Addrs = group.Addrs[:1] })) // it knows the others
	master := group.Nodes[0]
	master.Do(t, "acl", "setuser", "auth", "-role")
	content(t, with(func(*redisconn.Options) {})) // INFO shows the same
	master.Do(t, "acl", "setuser", "auth", "-wait")
	complains(t, with(func(*redisconn.Options) {}), "may not run wait", "+wait")
	master.Do(t, "acl", "setuser", "auth", "+wait")
	master.Do(t, "config", "set", "appendonly", "no")
	content(t, with(func(*redisconn.Options) {})) // with a warning
	content(t, with(func(o *redisconn.Options) { o.Durability = redisconn.Relaxed }))
	master.Do(t, "config", "set", "appendonly", "yes")

	for _, s := range group.Sentinels {
		s.Do(t, "acl", "setuser", "default", "resetpass", ">"+rightPassword)
	}
	complains(t, with(func(o *redisconn.Options) { o.SentinelPassword = wrongPassword }), "the Sentinel at", "WRONGPASS")
	complains(t, with(func(*redisconn.Options) {}), "the Sentinel at", "NOAUTH")
	content(t, with(func(o *redisconn.Options) { o.SentinelPassword = rightPassword }))
}

func TestCheckTLS(t *testing.T) {
	t.Parallel()
	certificate, other := redistest.NewCertificate(t), redistest.NewCertificate(t)
	server, addr := redistest.StartTLS(t, certificate)
	over := func(addr string, files redisdial.TLSFiles) redisconn.Options {
		config, err := files.Config()
		if err != nil {
			t.Fatal(err)
		}
		return redisconn.Options{Mode: redisconn.Standalone, Addrs: []string{addr}, TLS: config}
	}
	good := over(addr, redisdial.TLSFiles{CA: certificate.CA})
	content(t, good)
	db := open(t, patient(good))
	if _, err := db.Write(t.Context(), "count", counting(db), []string{"n"}, 1); err != nil {
		t.Errorf("a write over TLS: %v", err)
	}
	complains(t, over(addr, redisdial.TLSFiles{CA: other.CA}), addr, "is not trusted", "CA")
	complains(t, over(addr, redisdial.TLSFiles{CA: certificate.CA, ServerName: "redis.example"}), addr, "is for another name")
	plain := over(server.Addr, redisdial.TLSFiles{CA: certificate.CA})
	complains(t, plain, server.Addr, "TLS")
	complains(t, redisconn.Options{Mode: redisconn.Standalone, Addrs: []string{addr}}, addr, "TLS")

	late := redistest.ExpiredCertificate(t)
	_, lateAddr := redistest.StartTLS(t, late)
	complains(t, over(lateAddr, redisdial.TLSFiles{CA: late.CA}), lateAddr, "is not valid now", "expired", "renew it")

	server.Do(t, "config", "set", "tls-auth-clients", "yes")
	complains(t, good, addr, "client certificate")
	complains(t, over(addr, redisdial.TLSFiles{CA: certificate.CA, Cert: late.Cert, Key: late.Key}), addr, "client certificate")
	content(t, over(addr, redisdial.TLSFiles{CA: certificate.CA, Cert: certificate.Cert, Key: certificate.Key}))
}

func TestTLSFilesThatCannotBeUsed(t *testing.T) {
	t.Parallel()
	certificate := redistest.NewCertificate(t)
	for _, files := range []redisdial.TLSFiles{
		{CA: "nowhere.pem"}, {CA: certificate.Key}, {Cert: certificate.Cert}, {Cert: certificate.Cert, Key: certificate.CA},
	} {
		if _, err := files.Config(); err == nil {
			t.Errorf("%+v is accepted", files)
		}
	}
}

func TestHealthTellsHowRedisIs(t *testing.T) {
	t.Parallel()
	server := redistest.Start(t, "appendonly yes", "maxmemory 100mb")
	h, err := probe.New(open(t, patient(onServer(server)))).Health(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if h.Mode != redisconn.Standalone || h.Role != "master" || h.Nodes != 1 || !h.AOF || h.Policy != "noeviction" ||
		h.MaxMemory != 100<<20 || h.UsedMemory == 0 || !strings.Contains(h.Version, ".") {
		t.Errorf("%+v", h)
	}
	if h, err := probe.New(open(t, redisconn.Options{})).Health(t.Context()); err != nil || h.Mode != redisconn.Embedded {
		t.Errorf("%+v %v", h, err)
	}
	server.Kill()
	if h, err := probe.New(open(t, onServer(server))).Health(t.Context()); err == nil {
		t.Errorf("a dead server is well: %+v", h)
	}
}

// The check recognises the kind of server behind an address, and its error is one clear line. Waiting helps against none
// of these.
func TestF_N11_TheWrongServerIsRecognised(t *testing.T) {
	t.Parallel()
	certificate := redistest.NewCertificate(t)
	tlsPort := redistest.FreePort(t)
	server := redistest.Start(t, "tls-port "+tlsPort, "tls-cert-file "+certificate.Cert, "tls-key-file "+certificate.Key,
		"tls-ca-cert-file "+certificate.CA, "tls-auth-clients no")
	mutualPort := redistest.FreePort(t)
	redistest.Start(t, "tls-port "+mutualPort, "tls-cert-file "+certificate.Cert, "tls-key-file "+certificate.Key,
		"tls-ca-cert-file "+certificate.CA)
	sentinel := redistest.StartGroup(t).Addrs[0]
	secured := &tls.Config{MinVersion: tls.VersionTLS12, InsecureSkipVerify: true} //nolint:gosec // G402: a test's own server
	for name, test := range map[string]struct {
		mode redisconn.Mode
		addr string
		tls  *tls.Config
		want string
	}{
		"a Redis for a Sentinel":      {redisconn.Sentinel, server.Addr, nil, "is a Redis server, not a Sentinel: configure the addresses of the Sentinels"},
		"a Sentinel for a Redis":      {redisconn.Standalone, sentinel, nil, "is a Sentinel, not a Redis server: set redis.mode to sentinel"},
		"TLS at a plain port":         {redisconn.Standalone, server.Addr, secured, "does not speak TLS: set redis.tls.enabled to false"},
		"TLS at a plain Sentinel":     {redisconn.Sentinel, sentinel, secured, "does not speak TLS: set redis.tls.enabled to false"},
		"plain at a TLS port":         {redisconn.Standalone, "127.0.0.1:" + tlsPort, nil, "speaks TLS: set redis.tls.enabled to true"},
		"plain at a mutual TLS port":  {redisconn.Standalone, "127.0.0.1:" + mutualPort, nil, "speaks TLS: set redis.tls.enabled to true"},
		"plain Sentinel at TLS Redis": {redisconn.Sentinel, "127.0.0.1:" + tlsPort, nil, "speaks TLS: set redis.tls.enabled to true"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			db, err := redisconn.Open(t.Context(), redisconn.Options{
				Mode: test.mode, Addrs: []string{test.addr}, MasterName: redistest.MasterName, TLS: test.tls, DialTimeout: 2 * time.Second, Timeout: 3 * time.Second,
			})
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { _ = db.Close() })
			err = probe.New(db).Check(t.Context())
			if err == nil || !strings.Contains(err.Error(), test.want) || strings.Contains(err.Error(), "\n") || probe.Passing(err) {
				t.Errorf("told (passing %t): %v\nwant %s", probe.Passing(err), err, test.want)
			}
		})
	}
}
