package durable

import (
	"bufio"
	"fmt"
	"io"
	"log/slog"
	"net"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/recipe-web-app/oauth2d/internal/redis/dataset"
	"github.com/recipe-web-app/oauth2d/internal/redis/outcome"
	"github.com/recipe-web-app/oauth2d/internal/redis/pipeline"
	"github.com/recipe-web-app/oauth2d/internal/redis/quorum"
	"github.com/recipe-web-app/oauth2d/internal/redis/redisdial"
)

// scripted starts a server whose answers a test lists by command name: the first call gets the first one, and calls beyond
// the list get the last one. It hangs up at a command that is not listed.
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

// twoWrites are a batch of writes, and what a sender needs to send them.
func twoWrites(t *testing.T) (Options, []*pipeline.Request) {
	t.Helper()
	o := Options{
		Dial: redisdial.Options{DialTimeout: 5 * time.Second, Timeout: 5 * time.Second}, Pipeline: 10 * time.Second,
		Scripts: &pipeline.Library{}, Data: dataset.New("auth:history", slog.New(slog.DiscardHandler), time.Now), FenceKey: "auth:fence",
		Pause: func() {}, RoundTrip: func(int) {}, Now: time.Now,
	}
	o.Client = o.Dial.Client
	script := new(pipeline.Library).Script("return 1") // the servers of these tests load none
	var batch []*pipeline.Request
	for _, key := range []string{"auth:a", "auth:b"} {
		batch = append(batch, pipeline.NewWrite(t.Context(), time.Now(), script, pipeline.Call{Keys: []string{key}}))
	}
	return o, batch
}

// mayHaveRun reports whether the outcome of a request is unknown.
func mayHaveRun(r *pipeline.Request) bool {
	_, elsewhere := redirected(r.Err)
	return r.Err != nil && !elsewhere && outcome.Unknown(outcome.Of(r.Err))
}

// A request that was carried out must not get the outcome of another one that was not: it would be sent again, and a
// credential that is good once would be refused. Here a master becomes a replica while it works on
// a batch, as in CLUSTER FAILOVER.
func TestWhatWasCarriedOutIsNotSentAgain(t *testing.T) {
	t.Parallel()
	for _, first := range []string{"-MOVED 1 127.0.0.1:1", "-NOSCRIPT No matching script", "-OOM command not allowed"} {
		o, batch := twoWrites(t)
		w := NewCluster(o, nil)
		t.Cleanup(w.Close)
		addr := scripted(t, map[string][]string{
			"evalsha": {first, ":1"}, "set": {"-MOVED 1 127.0.0.1:1"}, "info": {bulk("role:slave\r\n")},
			"wait": {"-ERR WAIT cannot be used with replica instances."},
		})
		w.writeAt(t.Context(), place{addr: addr}, batch)
		if batch[0].Err == nil || mayHaveRun(batch[0]) {
			t.Errorf("%s: the first was refused, and ends as %v", first, batch[0].Err)
		}
		if !mayHaveRun(batch[1]) {
			t.Errorf("%s: the second was carried out, and ends as %v", first, batch[1].Err)
		}
	}
}

// The proof's own writes may be refused when the batch before them was not.
func TestARefusedProofLeavesTheOutcomeUnknown(t *testing.T) {
	t.Parallel()
	for _, fence := range []string{"-OOM command not allowed", "-NOREPLICAS Not enough good replicas to write.", "-READONLY a replica"} {
		o, batch := twoWrites(t)
		d := &Sentinels{
			o: o, journal: newJournal(o.Now), loss: &quorum.LossDetector{},
			current: func() quorum.Agreement { return quorum.Agreement{} },
		}
		client := o.Dial.Client(scripted(t, map[string][]string{
			"evalsha": {":1"}, "get": {bulk("h")}, "eval": {fence}, "role": {"*3\r\n$6\r\nmaster\r\n:10\r\n*0"}, "wait": {":0"},
		}), nil)
		t.Cleanup(func() { _ = client.Close() })
		d.writeOn(&term{client: client}, &writeConn{}, batch)
		for _, r := range batch {
			if !mayHaveRun(r) {
				t.Errorf("%s: it was carried out, and ends as %v", fence, r.Err)
			}
		}
	}
}

// A server that was a replica in between has copied from another, whatever its offsets say.
func TestARoleThatChangedProvesNothing(t *testing.T) {
	t.Parallel()
	reports := func(role, history string) string {
		return "role:" + role + "\r\nmaster_replid:" + history + "\r\nmaster_repl_offset:70\r\nconnected_slaves:1\r\n" +
			"slave0:ip=10.0.0.2,port=6379,state=online,offset=70,lag=0\r\n"
	}
	master := quorum.Lineage{Addr: "10.0.0.1:6379", ReplID: "aaaa"}
	rows := []struct {
		start, end string
		proven     bool
	}{
		{reports("master", "aaaa"), reports("master", "aaaa"), true},
		{reports("slave", "aaaa"), reports("master", "aaaa"), false},
		{reports("slave", "aaaa"), reports("master", "bbbb"), false},
		{reports("master", "aaaa"), reports("master", "bbbb"), false},
		{reports("master", "aaaa"), reports("slave", "aaaa"), false},
	}
	for i, row := range rows {
		o, batch := twoWrites(t)
		w := NewCluster(o, nil)
		t.Cleanup(w.Close)
		w.writeAt(t.Context(), place{addr: scripted(t, map[string][]string{
			"evalsha": {":1"}, "eval": {"+OK"}, "wait": {":1"}, "info": {bulk(row.start), bulk(row.end)},
		})}, batch)
		if (batch[0].Err == nil) != row.proven {
			t.Errorf("row %d, in a cluster: %v", i, batch[0].Err)
		}

		o, batch = twoWrites(t)
		d := &Sentinels{o: o, journal: newJournal(o.Now), loss: &quorum.LossDetector{}, current: func() quorum.Agreement {
			return quorum.Agreement{Lineage: master, Known: []string{"10.0.0.2:6379"}}
		}}
		client := o.Dial.Client(scripted(t, map[string][]string{
			"evalsha": {":1"}, "get": {bulk("h")}, "eval": {":7"}, "wait": {":1"}, "info": {bulk(row.start), bulk(row.end)},
		}), nil)
		t.Cleanup(func() { _ = client.Close() })
		d.writeOn(&term{Lineage: master, client: client, noRole: true}, &writeConn{}, batch)
		if (batch[0].Err == nil) != row.proven {
			t.Errorf("row %d, behind Sentinels: %v", i, batch[0].Err)
		}
	}
}
