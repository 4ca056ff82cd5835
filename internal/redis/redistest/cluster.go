package redistest

import (
	"fmt"
	"strings"
	"testing"
)

// Nodes is a cluster of three masters with one replica each.
type Nodes struct {
	Nodes []*Server // masters first
	Addrs []string
}

// lastSlot is the highest hash slot.
const lastSlot = 16383

// StartCluster runs a cluster. Settings are lines of every node's redis.conf.
func StartCluster(t testing.TB, settings ...string) *Nodes {
	t.Helper()
	c := &Nodes{}
	for range 6 {
		lines := append([]string{
			"cluster-enabled yes", "cluster-config-file nodes.conf", "cluster-node-timeout 2000",
			"cluster-port " + FreePort(t), "repl-diskless-sync-delay 0",
		}, settings...)
		node := Start(t, lines...)
		c.Nodes = append(c.Nodes, node)
		c.Addrs = append(c.Addrs, node.Addr)
	}
	masters := c.Nodes[:3]
	for i, node := range masters {
		node.Do(t, "cluster", "addslotsrange", i*(lastSlot+1)/3, (i+1)*(lastSlot+1)/3-1)
		node.Do(t, "cluster", "set-config-epoch", i+1)
	}
	for _, node := range c.Nodes[1:] {
		c.meet(t, node)
	}
	for i, replica := range c.Nodes[3:] {
		id := fmt.Sprint(masters[i].Do(t, "cluster", "myid"))
		Eventually(t, startup, "the nodes know one another", func() bool {
			return replica.Admin(t).Do(t.Context(), "cluster", "replicate", id).Err() == nil
		})
	}
	for _, node := range c.Nodes {
		admin := node.Admin(t)
		Eventually(t, startup, "the cluster is whole", func() bool {
			state, err := admin.ClusterInfo(t.Context()).Result()
			shards, shardsErr := admin.ClusterShards(t.Context()).Result()
			whole := err == nil && shardsErr == nil && strings.Contains(state, "cluster_state:ok") && len(shards) == 3
			for _, shard := range shards {
				whole = whole && len(shard.Nodes) == 2
			}
			return whole
		})
	}
	return c
}

// meet introduces a node to the first one.
func (c *Nodes) meet(t testing.TB, node *Server) {
	t.Helper()
	text := fmt.Sprint(node.Do(t, "cluster", "nodes")) // "<id> <ip>:<port>@<bus port> myself …"
	_, bus, _ := strings.Cut(strings.Fields(text)[1], "@")
	bus, _, _ = strings.Cut(bus, ",")
	c.Nodes[0].Do(t, "cluster", "meet", "127.0.0.1", node.Port(), bus)
}
