package subject

import (
	"context"
	"errors"
	"fmt"
	"net"
	"strings"

	"github.com/redis/go-redis/v9"

	"github.com/recipe-web-app/oauth2d/cmd/bench/process"
)

const (
	clusterMasters = 3
	slots          = 16384
)

// Cluster starts a Redis Cluster of three masters with one replica each, with an append-only file as in Group.
func (l *Lab) Cluster(ctx context.Context) (*Store, error) {
	c := &Store{}
	var addrs []string
	for n := range 2 * clusterMasters {
		bus, err := process.FreePort()
		if err != nil {
			return nil, err
		}
		settings := []string{
			`save ""`, "appendonly yes", "appendfsync everysec", "repl-diskless-sync-delay 0", "repl-backlog-size 64mb",
			"cluster-enabled yes", "cluster-config-file nodes.conf", "cluster-node-timeout 5000", "cluster-port " + bus,
		}
		if l.certificate.trusted != nil {
			settings = append(settings, "tls-cluster yes")
		}
		addr, p, err := l.server(ctx, fmt.Sprintf("node%d", n+1), "redis-server", settings...)
		if err != nil {
			return nil, err
		}
		addrs, c.Processes = append(addrs, addr), append(c.Processes, p)
		if err := l.join(ctx, n, addrs, bus); err != nil {
			return nil, err
		}
	}
	c.Addr = addrs[0]
	c.environment = []string{"OAUTH2D_REDIS_MODE=cluster", "OAUTH2D_REDIS_ADDRS=" + strings.Join(addrs, ",")}
	last := c.Processes[len(c.Processes)-1]
	if _, err := last.Await(func() bool { return l.whole(ctx, addrs) }); err != nil {
		return nil, errors.Join(errors.New("the cluster is not whole"), err)
	}
	return c, nil
}

// join introduces node n to the first one. The masters come first and get their slots; each replica gets its master as
// soon as it knows that.
func (l *Lab) join(ctx context.Context, n int, addrs []string, bus string) error {
	node, first := l.client(addrs[n]), l.client(addrs[0])
	defer node.Close()  //nolint:errcheck // the next step shows whether it worked
	defer first.Close() //nolint:errcheck // likewise
	var err error
	if n < clusterMasters {
		err = errors.Join(node.ClusterAddSlotsRange(ctx, n*slots/clusterMasters, (n+1)*slots/clusterMasters-1).Err(),
			node.Do(ctx, "cluster", "set-config-epoch", n+1).Err())
	}
	if n > 0 {
		host, port, _ := net.SplitHostPort(addrs[n]) // server made it
		err = errors.Join(err, first.Do(ctx, "cluster", "meet", host, port, bus).Err())
	}
	if err != nil || n < clusterMasters {
		return err
	}
	master := l.client(addrs[n-clusterMasters])
	defer master.Close() //nolint:errcheck // it was only read
	id, err := master.Do(ctx, "cluster", "myid").Text()
	if err != nil {
		return err
	}
	_, err = l.running[len(l.running)-1].Await(func() bool { return node.ClusterReplicate(ctx, id).Err() == nil })
	return err
}

// whole reports whether every node knows three masters with a connected replica each.
func (l *Lab) whole(ctx context.Context, addrs []string) bool {
	for _, addr := range addrs {
		client := l.client(addr)
		state, err := client.ClusterInfo(ctx).Result()
		shards, shardsErr := client.ClusterSlots(ctx).Result() //nolint:staticcheck // SA1019: CLUSTER SHARDS is not in Redis 6.2
		joined := linked(ctx, client, "redis-server")
		_ = client.Close() // it was only read
		if err != nil || shardsErr != nil || !joined || !strings.Contains(state, "cluster_state:ok") || len(shards) != clusterMasters {
			return false
		}
		for _, shard := range shards {
			if len(shard.Nodes) != 2 {
				return false
			}
		}
	}
	return true
}

// client returns a client of one server of the lab, which tries nothing twice.
func (l *Lab) client(addr string) *redis.Client {
	return redis.NewClient(&redis.Options{Addr: addr, DisableIdentity: true, Protocol: 2, MaxRetries: -1, TLSConfig: l.certificate.client()})
}
