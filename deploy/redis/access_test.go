package deploy_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"math/big"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// rights says of each ACL user what must work and what must be refused, one command a line.
var rights = []struct{ user, may, mayNot string }{
	{
		user: "admin",
		may:  "SET other 1|GET auth:x|CONFIG GET maxmemory-policy|ACL LIST|CLIENT LIST|DEL other|ROLE|SLOWLOG GET 1",
	}, {
		user:   "replication",
		may:    "PING|ROLE|INFO replication|REPLCONF capa eof|CONFIG REWRITE|PUBLISH __sentinel__:hello x|CLIENT SETNAME x",
		mayNot: "GET auth:x|SET auth:x 1|KEYS *|CONFIG GET masterauth|ACL LIST|FLUSHALL|PUBLISH auth:x y|EVAL return 0|SCAN 0",
	}, {
		user: "app",
		may: "SET auth:x 1|GET auth:x|HSET auth:h a b|HGETALL auth:h|ZADD auth:z 1 a|PEXPIRE auth:z 60000|SCAN 0|SELECT 1|WAIT 1 100|" +
			"INFO replication|INFO memory|INFO persistence|TIME|PUBLISH auth:x y|EVAL return_redis.call('TIME') 0|SCRIPT LOAD return_1|" +
			"EVAL return_redis.call('PUBLISH','auth:x','y') 0|ACL WHOAMI|CLIENT SETNAME x|DEL auth:h auth:z|MULTI",
		mayNot: "GET cache:x|SET other 1|EVAL return_redis.call('GET','cache:x') 0|ROLE|KEYS *|FLUSHDB|FLUSHALL|CONFIG GET maxmemory|CONFIG SET maxmemory 1|" +
			"SORT auth:x|REPLICAOF NO ONE|ACL LIST|CLIENT LIST|CLIENT KILL 1.2.3.4:5|SHUTDOWN NOSAVE|SCRIPT FLUSH|FUNCTION LIST|SWAPDB 0 1|" +
			"PUBLISH __sentinel__:hello x|RESTORE auth:x 0 x|MIGRATE h 1 auth:x 0 1|MONITOR|BGSAVE|SLOWLOG GET|RANDOMKEY|REPLCONF capa eof",
	}, {
		user: "cache",
		may: "SELECT 1|SET cache:a:b:c 1 EX 60|GET cache:a:b:c|SCAN 0|INFO memory|EVAL return_redis.call('DEL',KEYS[1]) 1 cache:a:b:c|" +
			"PUBLISH cache:x y|SCRIPT LOAD return_1|TIME",
		mayNot: "GET auth:x|SET auth:x 1|DEL auth:x|EVAL return_redis.call('DEL',KEYS[1]) 1 auth:x|EVAL return_redis.call('GET','auth:x') 0|COPY auth:x cache:x|" +
			"PUBLISH auth:x y|KEYS *|FLUSHDB|FLUSHALL|CONFIG GET maxmemory|ROLE|ACL LIST|CLIENT LIST|SCRIPT FLUSH|BGSAVE|SHUTDOWN NOSAVE",
	}, {
		user:   "monitor",
		may:    "PING|INFO all|ROLE|DBSIZE|SLOWLOG LEN|LATENCY LATEST|MEMORY STATS|LASTSAVE|TIME|SELECT 1",
		mayNot: "GET auth:x|HGETALL auth:x|SCAN 0|KEYS *|SET auth:x 1|CONFIG GET masterauth|SLOWLOG GET|CLIENT LIST|MONITOR|SUBSCRIBE auth:x|EVAL return_1 0|ACL LIST",
	}, {
		user: "cleanup",
		may: "SCAN 0|TYPE auth:client:x|HGETALL auth:client:x|TTL auth:session:x|DEL auth:session:x|UNLINK auth:grant:x|SELECT 1|UNLINK cache:a:b:c|" +
			"ZREMRANGEBYSCORE auth:user_sessions:x -inf 1|ZREM auth:user_grants:x a",
		mayNot: "SET auth:session:x 1|HSET auth:session:x a b|ZADD auth:user_sessions:x 1 a|DEL auth:client:x|DEL auth:user:x|DEL auth:revoked:x|DEL auth:keys|" +
			"UNLINK auth:replay:x|EXPIRE auth:session:x 9|PERSIST auth:session:x|RENAME auth:session:x auth:session:y|FLUSHDB|KEYS *|EVAL return_1 0|CONFIG GET dir",
	}, {
		user:   "backup",
		may:    "SCAN 0|GET auth:x|DUMP auth:x|PTTL auth:x|HGETALL auth:h|SELECT 1|GET cache:x|LASTSAVE|INFO persistence|BGSAVE SCHEDULE|HSET auth:backup:auth at 1 size 2",
		mayNot: "SET auth:x 1|HSET auth:client:x a b|HSET cache:x a b|DEL auth:backup:auth|DEL auth:x|RESTORE auth:x 0 x|EXPIRE auth:x 1|FLUSHALL|CONFIG GET masterauth|EVAL return_1 0|REPLICAOF NO ONE|ACL LIST|SHUTDOWN NOSAVE",
	},
}

// users checks that each ACL user does its job and gets NOPERM for the rest.
func (g *group) users(t *testing.T) {
	master := g.mustMaster(t)
	for _, tt := range rights {
		t.Run(tt.user, func(t *testing.T) {
			do := func(port, command string) string { return g.outcome(tt.user, g.passwords[tt.user], port, command) }
			mustPass(t, tt.may, func(command string) string { return do(master, command) })
			mustBeDenied(t, tt.mayNot, func(command string) string { return do(master, command) })
		})
	}
	if text, err := g.cli(master, "", "", "GET", "auth:x"); err == nil && !strings.HasPrefix(text, "NOAUTH") {
		t.Errorf("without a user: %q", text)
	}
}

// sentinelUsers checks that a daemon may ask the Sentinels and change nothing, and that the Sentinels'
// own user can do no more than they need.
func (g *group) sentinelUsers(t *testing.T) {
	for _, tt := range []struct{ user, password, may, mayNot string }{
		{
			user: "default", password: g.passwords["sentinel"],
			may:    "PING|SENTINEL GET-MASTER-ADDR-BY-NAME mymaster|SENTINEL MASTER mymaster|SENTINEL REPLICAS mymaster|SENTINEL SENTINELS mymaster|SENTINEL CKQUORUM mymaster",
			mayNot: "SENTINEL FAILOVER mymaster|SENTINEL RESET *|SENTINEL REMOVE mymaster|SENTINEL SET mymaster quorum 1|SENTINEL CONFIG GET *|PUBLISH __sentinel__:hello x|SHUTDOWN|ACL LIST",
		}, {
			user: "sentinel", password: g.passwords["peer"],
			may:    "PING|PUBLISH __sentinel__:hello x",
			mayNot: "SENTINEL MASTER mymaster|SENTINEL FAILOVER mymaster|SENTINEL SET mymaster quorum 1|PUBLISH +switch-master x|SHUTDOWN",
		}, {
			user: "admin", password: g.passwords["admin"],
			may: "SENTINEL CONFIG GET announce-ip|SENTINEL MASTERS|ACL LIST",
		},
	} {
		t.Run(tt.user, func(t *testing.T) {
			do := func(command string) string { return g.outcome(tt.user, tt.password, g.sentinels[0], command) }
			mustPass(t, tt.may, do)
			mustBeDenied(t, tt.mayNot, do)
		})
	}
}

// outcome runs a command whose underscores stand for spaces inside a word, and returns the first line.
func (g *group) outcome(user, password, port, command string) string {
	words := strings.Fields(command)
	for i := range words[1:] {
		if strings.HasPrefix(words[i+1], "return_") {
			words[i+1] = strings.Replace(words[i+1], "_", " ", 1)
		}
	}
	text, err := g.cli(port, user, password, words...)
	if err != nil && text == "" {
		return err.Error()
	}
	first, _, _ := strings.Cut(text, "\n")
	return first
}

func mustPass(t *testing.T, commands string, do func(string) string) {
	t.Helper()
	for command := range strings.SplitSeq(commands, "|") {
		said := do(command)
		for _, bad := range []string{"NOPERM", "ERR", "NOREPLICAS", "WRONGPASS", "NOAUTH", "Could not", "exit status"} {
			if strings.HasPrefix(said, bad) {
				t.Errorf("%s: %s", command, said)
			}
		}
	}
}

func mustBeDenied(t *testing.T, commands string, do func(string) string) {
	t.Helper()
	for command := range strings.SplitSeq(commands, "|") {
		if command == "" {
			continue
		}
		said := do(command)
		// Inside a script the refusal comes as an error of the script.
		if !strings.HasPrefix(said, "NOPERM") && !strings.Contains(said, "can't run this command or subcommand") &&
			!strings.Contains(said, "No permissions to access a key") && !strings.Contains(said, "can't access at least one of the keys") {
			t.Errorf("%s must be denied: %s", command, said)
		}
	}
}

// backup takes a whole copy over the wire as the backup user, from a replica.
func (g *group) backup(t *testing.T) {
	master := g.mustMaster(t)
	for _, port := range g.redis {
		if port == master {
			continue
		}
		file := filepath.Join(t.TempDir(), "dump.rdb")
		if text, err := g.as("backup", port, "--rdb", file); err != nil {
			t.Fatalf("%s: %v", text, err)
		}
		head, err := os.ReadFile(file) //nolint:gosec // inside the test's own folder
		if err != nil || !strings.HasPrefix(string(head), "REDIS") {
			t.Errorf("%s holds no dump: %v", file, err)
		}
	}
}

// tls checks that nobody gets in, to Redis or to a Sentinel, without the right certificate and password.
func (g *group) tls(t *testing.T) {
	own := func(name string) string { return filepath.Join(g.dir, "tls", name) }
	ca, err := tls.LoadX509KeyPair(own("ca.crt"), own("ca.key"))
	if err != nil {
		t.Fatal(err)
	}
	foreign := filepath.Join(t.TempDir(), "foreign")
	cmd := g.script("make-dev-ca.sh")
	cmd.Args = append(cmd.Args, foreign)
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("make-dev-ca.sh: %v\n%s", err, out)
	}
	expiredCert, expiredKey := expired(t, ca)
	options := func(ca, cert, key string) []string {
		return []string{"--tls", "--cacert", ca, "--cert", cert, "--key", key}
	}
	good := options(own("ca.crt"), own("client.crt"), own("client.key"))
	for _, tt := range []struct {
		name, password string
		options        []string
		says           string // what redis-cli must say; "" when any failure will do
		works          bool
	}{
		{name: "right", options: good, works: true},
		{name: "no TLS"},
		{name: "no certificate", options: []string{"--tls", "--cacert", own("ca.crt")}},
		{name: "certificate of another CA", options: options(own("ca.crt"), filepath.Join(foreign, "client.crt"), filepath.Join(foreign, "client.key"))},
		{name: "server of another CA", options: options(filepath.Join(foreign, "ca.crt"), own("client.crt"), own("client.key")), says: "certificate verify failed"},
		{name: "expired certificate", options: options(own("ca.crt"), expiredCert, expiredKey)},
		{name: "wrong password", options: good, password: "wrong", says: "WRONGPASS"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			for port, user := range map[string]string{g.redis[0]: "monitor", g.sentinels[0]: "default"} {
				password := tt.password
				if password == "" {
					password = map[string]string{"monitor": g.passwords["monitor"], "default": g.passwords["sentinel"]}[user]
				}
				text, _ := cli(port, user, password, tt.options, "PING")
				// After a failed AUTH redis-cli goes on without a user, and PING is refused as well.
				if works := text == "PONG"; works != tt.works || !strings.Contains(text, tt.says) {
					t.Errorf("%s: %q", g.name(port), text)
				}
			}
		})
	}
}

// expired makes a client certificate of the group's own CA that ended yesterday.
func expired(t *testing.T, ca tls.Certificate) (cert, key string) {
	t.Helper()
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	now := time.Now()
	template := &x509.Certificate{
		SerialNumber: big.NewInt(now.UnixNano()),
		Subject:      pkix.Name{CommonName: "yesterday"},
		NotBefore:    now.Add(-48 * time.Hour),
		NotAfter:     now.Add(-24 * time.Hour),
		KeyUsage:     x509.KeyUsageDigitalSignature,
		ExtKeyUsage:  []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth},
	}
	der, err := x509.CreateCertificate(rand.Reader, template, ca.Leaf, private.Public(), ca.PrivateKey)
	if err != nil {
		t.Fatal(err)
	}
	secret, err := x509.MarshalPKCS8PrivateKey(private)
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	cert, key = filepath.Join(dir, "expired.crt"), filepath.Join(dir, "expired.key")
	for file, block := range map[string]*pem.Block{cert: {Type: "CERTIFICATE", Bytes: der}, key: {Type: "PRIVATE KEY", Bytes: secret}} {
		if err := os.WriteFile(file, pem.EncodeToMemory(block), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return cert, key
}
