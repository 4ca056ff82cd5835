package redisconn

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/recipe-web-app/oauth2d/internal/redis/quorum"
)

// scripted is a server that answers what a test tells it to: the answer of each command by its name,
// of each next one the next, and the last one again. Where there is none it hangs up.
func scripted(t *testing.T, answers map[string][]string) (addr string) {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0") //nolint:noctx // closed by the test
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = listener.Close() })
	go func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			serveScripted(conn, answers)
		}
	}()
	return listener.Addr().String()
}

// serveScripted serves one connection to its end.
func serveScripted(conn net.Conn, answers map[string][]string) {
	defer func() { _ = conn.Close() }()
	for in := bufio.NewReader(conn); ; {
		name, err := nextCommand(in)
		if err != nil {
			return
		}
		left := answers[name]
		if name == "hello" || name == "client" {
			left = []string{"-ERR unknown command"}
		}
		if len(left) == 0 {
			return
		}
		_, _ = io.WriteString(conn, left[0]+"\r\n")
		if len(left) > 1 {
			answers[name] = left[1:]
		}
	}
}

func nextCommand(in *bufio.Reader) (name string, err error) {
	length := func() int {
		line, readErr := in.ReadString('\n')
		if readErr != nil {
			err = readErr
			return 0
		}
		n, _ := strconv.Atoi(strings.TrimSpace(line[1:]))
		return n
	}
	for word := range length() {
		text := make([]byte, length()+len("\r\n"))
		if err != nil {
			return "", err
		}
		if _, err = io.ReadFull(in, text); err != nil {
			return "", err
		}
		if word == 0 {
			name = strings.ToLower(strings.TrimSpace(string(text)))
		}
	}
	return name, err
}

func bulk(text string) string { return fmt.Sprintf("$%d\r\n%s", len(text), text) }

// twoWrites are a batch, and the connection on which it leaves.
func twoWrites(t *testing.T) (*DB, []*request) {
	t.Helper()
	opt, err := Options{Mode: Cluster, Addrs: []string{"unused:1"}, Durability: Strict, DialTimeout: 5 * time.Second, Timeout: 5 * time.Second}.withDefaults()
	if err != nil {
		t.Fatal(err)
	}
	db := &DB{opt: opt, dial: opt.Dial(), keys: opt.keys(), scripts: &library{}, data: &dataset{}, writing: &writing{now: opt.Now}}
	var batch []*request
	for _, key := range []string{"auth:a", "auth:b"} {
		cmd := redis.NewCmd(t.Context(), "evalsha", "0", 1, key)
		batch = append(batch, &request{ctx: t.Context(), cmds: []redis.Cmder{&command{Cmder: cmd, once: true}}, call: Call{Keys: []string{key}}})
	}
	return db, batch
}

// mayHaveRun reports whether a request reads as one of which nobody knows whether it was carried out.
func mayHaveRun(r *request) bool {
	_, elsewhere := redirected(r.err)
	return r.err != nil && !elsewhere && (&Error{Result: ResultOf(r.err)}).Unknown()
}

// A request that was carried out must not take over the fate of another one that was not: it would be
// sent again, and what is good once would be refused. Here a master becomes a replica while it works on
// a batch, as in CLUSTER FAILOVER.
func TestWhatWasCarriedOutIsNotSentAgain(t *testing.T) {
	t.Parallel()
	for _, first := range []string{"-MOVED 1 127.0.0.1:1", "-NOSCRIPT No matching script", "-OOM command not allowed"} {
		db, batch := twoWrites(t)
		w := newWaiter(db)
		t.Cleanup(w.close)
		addr := scripted(t, map[string][]string{
			"evalsha": {first, ":1"}, "set": {"-MOVED 1 127.0.0.1:1"}, "info": {bulk("role:slave\r\n")},
			"wait": {"-ERR WAIT cannot be used with replica instances."},
		})
		w.writeAt(t.Context(), place{addr: addr}, batch)
		if batch[0].err == nil || mayHaveRun(batch[0]) {
			t.Errorf("%s: the first was refused, and is told %v", first, batch[0].err)
		}
		if !mayHaveRun(batch[1]) {
			t.Errorf("%s: the second was carried out, and is told %v", first, batch[1].err)
		}
	}
}

// The proof's own writes may be refused when the batch before them was not.
func TestARefusedProofLeavesTheOutcomeUnknown(t *testing.T) {
	t.Parallel()
	for _, fence := range []string{"-OOM command not allowed", "-NOREPLICAS Not enough good replicas to write.", "-READONLY a replica"} {
		db, batch := twoWrites(t)
		d := &durable{
			db: db, journal: newJournal(db.opt.Now), loss: &quorum.LossDetector{},
			current: func() quorum.Agreement { return quorum.Agreement{} },
		}
		client := db.dial.Client(scripted(t, map[string][]string{
			"evalsha": {":1"}, "get": {bulk("h")}, "incr": {fence}, "role": {"*3\r\n$6\r\nmaster\r\n:10\r\n*0"}, "wait": {":0"},
		}), nil)
		t.Cleanup(func() { _ = client.Close() })
		d.writeOn(&term{client: client}, &writeConn{}, batch)
		for _, r := range batch {
			if !mayHaveRun(r) {
				t.Errorf("%s: it was carried out, and is told %v", fence, r.err)
			}
		}
	}
}

// A server that was a replica in between has copied from another, whatever its offsets say.
func TestARoleThatChangedProvesNothing(t *testing.T) {
	t.Parallel()
	told := func(role, history string) string {
		return "role:" + role + "\r\nmaster_replid:" + history + "\r\nmaster_repl_offset:70\r\nconnected_slaves:1\r\n" +
			"slave0:ip=10.0.0.2,port=6379,state=online,offset=70,lag=0\r\n"
	}
	master := quorum.Lineage{Addr: "10.0.0.1:6379", ReplID: "aaaa"}
	rows := []struct {
		start, end string
		proven     bool
	}{
		{told("master", "aaaa"), told("master", "aaaa"), true},
		{told("slave", "aaaa"), told("master", "aaaa"), false},
		{told("slave", "aaaa"), told("master", "bbbb"), false},
		{told("master", "aaaa"), told("master", "bbbb"), false},
		{told("master", "aaaa"), told("slave", "aaaa"), false},
	}
	for i, row := range rows {
		db, batch := twoWrites(t)
		w := newWaiter(db)
		t.Cleanup(w.close)
		w.writeAt(t.Context(), place{addr: scripted(t, map[string][]string{
			"evalsha": {":1"}, "set": {"+OK"}, "wait": {":1"}, "info": {bulk(row.start), bulk(row.end)},
		})}, batch)
		if (batch[0].err == nil) != row.proven {
			t.Errorf("row %d, in a cluster: %v", i, batch[0].err)
		}

		db, batch = twoWrites(t)
		d := &durable{db: db, journal: newJournal(db.opt.Now), loss: &quorum.LossDetector{}, current: func() quorum.Agreement { return quorum.Agreement{Lineage: master, Known: []string{"10.0.0.2:6379"}} }}
		client := db.dial.Client(scripted(t, map[string][]string{
			"evalsha": {":1"}, "get": {bulk("h")}, "incr": {":7"}, "wait": {":1"}, "info": {bulk(row.start), bulk(row.end)},
		}), nil)
		t.Cleanup(func() { _ = client.Close() })
		d.writeOn(&term{Lineage: master, client: client, noRole: true}, &writeConn{}, batch)
		if (batch[0].err == nil) != row.proven {
			t.Errorf("row %d, behind Sentinels: %v", i, batch[0].err)
		}
	}
}
