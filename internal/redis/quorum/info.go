package quorum

import (
	"errors"
	"fmt"
	"net"
	"strconv"
	"strings"
	"time"
)

// Info is the answer of INFO, by field name. It is the one parser of INFO.
type Info map[string]string

// ParseInfo reads the answer of INFO. Lines that hold no field are skipped.
func ParseInfo(text string) Info {
	info := make(Info)
	for line := range strings.Lines(text) {
		if name, value, ok := strings.Cut(strings.TrimRight(line, "\r\n"), ":"); ok {
			info[name] = value
		}
	}
	return info
}

// Int returns a field as a number; 0 for one that is absent or holds none.
func (i Info) Int(name string) int64 { return Int(i[name]) }

// Int reads a decimal number; 0 for a text that holds none.
func Int(text string) int64 {
	n, _ := strconv.ParseInt(text, 10, 64)
	return n
}

// NodeStatus is the report of a Redis node about its replication. From ROLE only Master, Offset and
// Replicas are known.
type NodeStatus struct {
	AskedAt      time.Time // when the question was sent
	Master       bool
	ReplID       string           // the history that the node holds
	ReplID2      string           // the history that it continued when it was promoted
	SecondOffset int64            // the first offset that is no longer part of ReplID2
	Offset       int64            // how far the node has read or written its history
	Replicas     map[string]int64 // of a master: the offset that each online replica confirmed, by address
	Upstream     string           // of a replica: the address of its master
	LinkUp       bool             // of a replica: the link to its master is up
	RunID        string           // of the process; "" when the user may not ask

	steadySince time.Time // of a replica: it answered without a gap and followed this master since then
	caughtUp    bool      // of a replica: at some time since then it had everything that its master had
}

// Node reads the replication section of INFO, and run_id where the server section was asked for, too.
func (i Info) Node(askedAt time.Time) NodeStatus {
	n := NodeStatus{
		AskedAt:      askedAt,
		Master:       i["role"] == "master",
		ReplID:       i["master_replid"],
		ReplID2:      i["master_replid2"],
		SecondOffset: i.Int("second_repl_offset"),
		Offset:       i.Int("master_repl_offset"),
		RunID:        i["run_id"],
	}
	if n.Master {
		n.Replicas = i.replicas()
		return n
	}
	n.Upstream = net.JoinHostPort(i["master_host"], i["master_port"])
	n.LinkUp = i["master_link_status"] == "up"
	n.Offset = i.Int("slave_repl_offset")
	return n
}

// replicas reads slave0:ip=…,port=…,state=online,offset=…,lag=…; replicas in another state are left out.
func (i Info) replicas() map[string]int64 {
	online := make(map[string]int64)
	for n := range int(i.Int("connected_slaves")) {
		fields := make(map[string]string)
		for field := range strings.SplitSeq(i["slave"+strconv.Itoa(n)], ",") {
			name, value, _ := strings.Cut(field, "=")
			fields[name] = value
		}
		if fields["state"] == "online" {
			online[net.JoinHostPort(fields["ip"], fields["port"])] = Int(fields["offset"])
		}
	}
	return online
}

// errMalformedRole is returned for an answer of ROLE that cannot be read.
var errMalformedRole = errors.New("the answer of ROLE cannot be read")

// ParseRole reads the answer of ROLE, ["master", offset, [[ip, port, offset], …]], or, for a user who
// may not run ROLE, the text of INFO replication.
func ParseRole(answer any) (NodeStatus, error) {
	if text, ok := answer.(string); ok {
		return ParseInfo(text).Node(time.Time{}), nil
	}
	words, ok := answer.([]any)
	if !ok || len(words) == 0 {
		return NodeStatus{}, errMalformedRole
	}
	if words[0] != "master" || len(words) < 3 {
		return NodeStatus{}, nil
	}
	n := NodeStatus{Master: true, Replicas: make(map[string]int64)}
	n.Offset, _ = words[1].(int64)
	list, _ := words[2].([]any)
	for _, item := range list {
		fields, ok := item.([]any)
		if !ok || len(fields) < 3 {
			return NodeStatus{}, errMalformedRole
		}
		offset, err := strconv.ParseInt(fmt.Sprint(fields[2]), 10, 64)
		if err != nil {
			return NodeStatus{}, fmt.Errorf("%w: %w", errMalformedRole, err)
		}
		n.Replicas[net.JoinHostPort(fmt.Sprint(fields[0]), fmt.Sprint(fields[1]))] = offset
	}
	return n, nil
}

// follows reports whether the node is a replica of a master.
func (n NodeStatus) follows(master string) bool { return !n.Master && n.Upstream == master }

// after carries over what this status proves together with the one before it: that a replica was
// steady (answered without a gap and followed one master), and that it caught up.
func (n NodeStatus) after(before, master NodeStatus) NodeStatus {
	if n.Master {
		return n
	}
	n.steadySince = n.AskedAt
	if before.follows(n.Upstream) && before.ReplID == n.ReplID && n.AskedAt.Sub(before.AskedAt) < maxSilence {
		n.steadySince, n.caughtUp = before.steadySince, before.caughtUp
	}
	if master.Master && master.ReplID == n.ReplID && n.AskedAt.After(master.AskedAt) && n.Offset >= master.Offset {
		n.caughtUp = true
	}
	return n
}
