package redisdial

import (
	"cmp"
	"context"
	"errors"
	"net"
	"slices"
	"strings"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/recipe-web-app/oauth2d/internal/redis/quorum"
)

// Sentinel opens a connection to one Sentinel. With Node it makes Options a quorum.Source.
func (o Options) Sentinel(addr string) quorum.Sentinel {
	s := o.Server(addr)
	s.CredentialsProvider, s.DB = o.Login.sentinel, 0
	return sentinel{Client: redis.NewClient(s), addr: addr, group: o.MasterName}
}

// Node opens a connection to one Redis node.
func (o Options) Node(addr string) quorum.Node { return node{o.Client(addr, nil)} }

// sentinel is a connection to one Sentinel.
type sentinel struct {
	*redis.Client
	addr, group string
}

// View implements quorum.Sentinel in one round trip. A user who may not ask for the id or the other
// Sentinels gets the address as the id and no peers.
func (s sentinel) View(ctx context.Context, peers bool) (quorum.SentinelView, error) {
	master := redis.NewMapStringStringCmd(ctx, "sentinel", "master", s.group)
	replicas := redis.NewMapStringStringSliceCmd(ctx, "sentinel", "replicas", s.group)
	id := redis.NewStringCmd(ctx, "sentinel", "myid")
	others := redis.NewMapStringStringSliceCmd(ctx, "sentinel", "sentinels", s.group)
	pipe := s.Pipeline()
	_, _ = pipe.Process(ctx, master), pipe.Process(ctx, replicas)
	if peers {
		_, _ = pipe.Process(ctx, id), pipe.Process(ctx, others)
	}
	_, broken := pipe.Exec(ctx)
	if len(master.Val()) == 0 {
		// Commands have no error of their own when the connection itself was refused.
		return quorum.SentinelView{}, cmp.Or(master.Err(), broken, errNoAnswer)
	}
	if err := replicas.Err(); err != nil {
		return quorum.SentinelView{}, err
	}
	view := viewOf(quorum.Info(master.Val()))
	for _, replica := range replicas.Val() {
		view.Replicas[addrOf(replica)] = hasFlag(replica["flags"], "s_down")
	}
	view.ID = s.addr
	if peers && id.Err() == nil {
		view.ID = id.Val()
	}
	for _, other := range others.Val() {
		view.Peers = append(view.Peers, addrOf(other))
	}
	return view, nil
}

// viewOf reads the answer of SENTINEL MASTER.
func viewOf(master quorum.Info) quorum.SentinelView {
	return quorum.SentinelView{
		Master:          addrOf(master),
		Flags:           master["flags"],
		Replicas:        make(map[string]bool),
		NamedFor:        milliseconds(master.Int("role-reported-time")), // a Sentinel sets it back when it names another master
		OtherSentinels:  int(master.Int("num-other-sentinels")),
		Epoch:           master.Int("config-epoch"),
		Quorum:          int(master.Int("quorum")),
		DownAfter:       milliseconds(master.Int("down-after-milliseconds")),
		FailoverTimeout: milliseconds(master.Int("failover-timeout")),
	}
}

// node is a connection to one Redis node.
type node struct{ *redis.Client }

// Status implements quorum.Node in one round trip.
func (n node) Status(ctx context.Context) (quorum.NodeStatus, error) {
	pipe := n.Pipeline()
	server, replication := pipe.Info(ctx, "server"), pipe.Info(ctx, "replication")
	if _, err := pipe.Exec(ctx); err != nil {
		return quorum.NodeStatus{}, err
	}
	return quorum.ParseInfo(server.Val() + "\r\n" + replication.Val()).Node(time.Time{}), nil
}

// errNoAnswer is returned when a server answered nothing and the driver reports no error.
var errNoAnswer = errors.New("the server did not answer")

func addrOf(fields map[string]string) string { return net.JoinHostPort(fields["ip"], fields["port"]) }

func hasFlag(flags, flag string) bool { return slices.Contains(strings.Split(flags, ","), flag) }

func milliseconds(n int64) time.Duration { return time.Duration(n) * time.Millisecond }
