package redisconn

import (
	"errors"
	"fmt"
	"math"
	"net"
	"slices"
	"strconv"
	"strings"
)

// role is the answer of ROLE: what a server is, how far it got, and how far each of its online
// replicas has confirmed to have got.
type role struct {
	master   bool
	offset   int64
	history  string // that it writes; ROLE does not tell
	replicas map[string]int64
}

// errNotDurable is why a write is not acknowledged: it may be lost if the master is.
var errNotDurable = errors.New("not on every replica")

// judge applies the rule of acknowledgement: the writes that ended at an offset are on every
// replica that could be promoted, by name, and on every other that the master lists as online, so
// that none is overlooked that the Sentinels do not know yet. (Counting is not enough: a former
// master that has just come back would stand in for the replica that is being promoted.) It
// answers how far all of those are that have it.
func (n need) judge(end role, written int64) (int64, error) {
	end = end.oneName(n.same)
	if !end.master {
		return 0, errNotMaster
	}
	reached, count := int64(math.MaxInt64), 0
	for addr, offset := range end.replicas {
		if offset < written {
			if slices.Contains(n.excused, addr) {
				continue
			}
			return 0, fmt.Errorf("%w: %s is behind", errNotDurable, addr)
		}
		reached = min(reached, offset)
		if slices.Contains(n.known, addr) {
			count++
		}
	}
	for _, addr := range n.required {
		if _, online := end.replicas[addr]; !online {
			return 0, fmt.Errorf("%w: %s is not connected", errNotDurable, addr)
		}
	}
	if count < n.least() {
		return 0, fmt.Errorf("%w: %d replicas have it, %d must", errNotDurable, count, n.least())
	}
	return reached, nil
}

// wait is the number to WAIT for: all that judge will ask for, as far as the last ROLE tells.
func (n need) wait(last role) int {
	last = last.oneName(n.same)
	all := slices.Clone(n.required)
	for addr := range last.replicas {
		if !slices.Contains(n.excused, addr) && !slices.Contains(all, addr) {
			all = append(all, addr)
		}
	}
	return max(1, len(all))
}

// parseRole reads the answer of ROLE: ["master", offset, [[ip, port, offset], …]].
// Of a user who may not run ROLE it is that of INFO, which says the same in other words.
func parseRole(answer any) (role, error) {
	if text, ok := answer.(string); ok {
		return roleOf(parseInfo(text)), nil
	}
	words, ok := answer.([]any)
	if !ok || len(words) == 0 {
		return role{}, errors.New("the answer of ROLE makes no sense")
	}
	if words[0] != "master" || len(words) < 3 {
		return role{}, nil
	}
	r := role{master: true, replicas: make(map[string]int64)}
	r.offset, _ = words[1].(int64)
	list, _ := words[2].([]any)
	for _, item := range list {
		fields, ok := item.([]any)
		if !ok || len(fields) < 3 {
			return role{}, errors.New("the answer of ROLE makes no sense")
		}
		offset, err := strconv.ParseInt(fmt.Sprint(fields[2]), 10, 64)
		if err != nil {
			return role{}, fmt.Errorf("the answer of ROLE makes no sense: %w", err)
		}
		r.replicas[net.JoinHostPort(fmt.Sprint(fields[0]), fmt.Sprint(fields[1]))] = offset
	}
	return r, nil
}

// roleOf reads the replication section of INFO: slave0:ip=…,port=…,state=online,offset=…,lag=….
func roleOf(info map[string]string) role {
	if info["role"] != "master" {
		return role{}
	}
	r := role{
		master: true, offset: number(info["master_repl_offset"]), history: info["master_replid"],
		replicas: make(map[string]int64),
	}
	for i := range int(number(info["connected_slaves"])) {
		fields := make(map[string]string)
		for field := range strings.SplitSeq(info["slave"+strconv.Itoa(i)], ",") {
			name, value, _ := strings.Cut(field, "=")
			fields[name] = value
		}
		if fields["state"] == "online" {
			r.replicas[net.JoinHostPort(fields["ip"], fields["port"])] = number(fields["offset"])
		}
	}
	return r
}
