package redistest

import (
	"fmt"
	"slices"
	"testing"

	"github.com/redis/go-redis/v9"
)

// MasterName is the name of the master in the Sentinels.
const MasterName = "oauth2d"

// Group is a master with two replicas and three Sentinels that agree on them.
type Group struct {
	Nodes     []*Server // the first one starts as the master
	Sentinels []*Server
	Addrs     []string // of the Sentinels
}

// StartGroup runs a group. Settings are lines of every node's redis.conf.
func StartGroup(t testing.TB, settings ...string) *Group {
	t.Helper()
	return startGroup(t, naming{host: "127.0.0.1"}, settings)
}

// StartNamedGroup runs a group whose Sentinels announce names instead of addresses. The replicas
// announce their name; the first master does not, and comes back from a failover by its address.
func StartNamedGroup(t testing.TB, settings ...string) *Group {
	t.Helper()
	return startGroup(t, naming{
		host: "localhost", replica: []string{"replica-announce-ip localhost"},
		sentinel: []string{"sentinel resolve-hostnames yes", "sentinel announce-hostnames yes"},
	}, settings)
}

// naming holds the addresses by which the members of a group reach one another.
type naming struct {
	host              string
	replica, sentinel []string // further settings
}

func startGroup(t testing.TB, by naming, settings []string) *Group {
	t.Helper()
	g := &Group{}
	master := Start(t, append([]string{"repl-diskless-sync-delay 0"}, settings...)...)
	g.Nodes = append(g.Nodes, master)
	for range 2 {
		replica := append([]string{"replicaof " + by.host + " " + master.Port(), "repl-diskless-sync-delay 0"}, by.replica...)
		replica = append(replica, settings...)
		g.Nodes = append(g.Nodes, Start(t, replica...))
	}
	for _, node := range g.Nodes[1:] {
		admin := node.Admin(t)
		Eventually(t, startup, "a replica is in step", func() bool {
			return info(t.Context(), admin, "master_link_status") == "up"
		})
	}
	for range 3 {
		g.Sentinels = append(g.Sentinels, startSentinel(t, by, master.Port()))
	}
	for _, s := range g.Sentinels {
		g.Addrs = append(g.Addrs, s.Addr)
		g.awaitAgreement(t, s)
	}
	return g
}

func startSentinel(t testing.TB, by naming, masterPort string) *Server {
	t.Helper()
	for range 3 {
		s := prepare(t, "redis-sentinel", append(slices.Clone(by.sentinel), []string{
			fmt.Sprintf("sentinel monitor %s %s %s 2", MasterName, by.host, masterPort),
			"sentinel down-after-milliseconds " + MasterName + " 1500", // with 1000 they may fail over twice in a row
			"sentinel failover-timeout " + MasterName + " 5000",
			"sentinel parallel-syncs " + MasterName + " 1",
		}...))
		if s.run(t) {
			return s
		}
	}
	t.Fatal("redis-sentinel does not start; is it installed?")
	return nil
}

// awaitAgreement waits until a Sentinel knows both replicas and both other Sentinels.
func (g *Group) awaitAgreement(t testing.TB, s *Server) {
	t.Helper()
	client := redis.NewSentinelClient(&redis.Options{Addr: s.Addr, DisableIdentity: true, Protocol: 2})
	t.Cleanup(func() { _ = client.Close() })
	Eventually(t, startup, "the Sentinels know everybody", func() bool {
		master, err := client.Master(t.Context(), MasterName).Result()
		return err == nil && master["num-slaves"] == "2" && master["num-other-sentinels"] == "2"
	})
}

// Master finds the node that is master now and that a Sentinel names; nil when there is none.
func (g *Group) Master(t testing.TB) *Server {
	t.Helper()
	client := redis.NewSentinelClient(&redis.Options{Addr: g.Addrs[0], DisableIdentity: true, Protocol: 2})
	defer func() { _ = client.Close() }()
	pair, err := client.GetMasterAddrByName(t.Context(), MasterName).Result()
	if err != nil || len(pair) != 2 {
		return nil
	}
	for _, node := range g.Nodes {
		if node.Port() == pair[1] && info(t.Context(), node.Admin(t), "role") == "master" {
			return node
		}
	}
	return nil
}
