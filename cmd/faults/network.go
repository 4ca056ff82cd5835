package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"syscall"
	"time"

	"golang.org/x/sync/errgroup"
)

// hosts are the machines of a lab, and the last number of their addresses.
var hosts = []struct {
	name   string
	number int
}{{"r1", 11}, {"r2", 12}, {"r3", 13}, {"s1", 21}, {"s2", 22}, {"s3", 23}, {"d1", 31}, {"d2", 32}}

// network is the wiring of one lab: a bridge with a namespace for every host, or loopback addresses
// where this process may not have namespaces. The harness itself reaches every host, always.
type network struct {
	lab    int
	spaces bool     // false: loopback
	lock   *os.File // held as long as the lab's number is ours
	cuts   [][2]string
}

// maxLabs bounds the numbers that labs can have.
const maxLabs = 64

// newNetwork takes the first lab number that this user does not use, removes what a harness that died left
// under that number, and wires the hosts.
func newNetwork() (*network, error) {
	n := &network{}
	if err := n.take(); err != nil {
		return nil, err
	}
	n.spaces = os.Geteuid() == 0 && exec.Command("ip", "netns", "add", n.space("try")).Run() == nil
	if !n.spaces {
		return n, nil
	}
	_ = ip("netns del " + n.space("try"))
	n.remove()
	if err := n.wire(); err != nil {
		n.close()
		return nil, err
	}
	return n, nil
}

func (n *network) take() error {
	for n.lab = 1; n.lab <= maxLabs; n.lab++ {
		file, err := os.OpenFile(fmt.Sprintf("%s/oauth2d-faults-%d-%d.lock", os.TempDir(), os.Geteuid(), n.lab), os.O_CREATE|os.O_RDWR, 0o600)
		if err != nil {
			return err
		}
		if syscall.Flock(int(file.Fd()), syscall.LOCK_EX|syscall.LOCK_NB) == nil { //nolint:gosec // G115: a descriptor
			n.lock = file
			return nil
		}
		_ = file.Close() // it was only tried
	}
	return errors.New("every lab number is taken")
}

func (n *network) wire() error {
	bridge := n.bridge()
	lines := []string{
		"link add " + bridge + " type bridge", fmt.Sprintf("addr add 10.213.%d.1/24 dev %s", n.lab, bridge), "link set " + bridge + " up",
	}
	for _, host := range hosts {
		space, link := n.space(host.name), fmt.Sprintf("oaf%d%s", n.lab, host.name)
		lines = append(lines, "netns add "+space, "link add "+link+" type veth peer name eth0 netns "+space,
			"link set "+link+" master "+bridge+" up")
	}
	if err := ip(lines...); err != nil {
		return err
	}
	for _, host := range hosts {
		err := ipIn(n.space(host.name), "link set lo up", "addr add "+n.addr(host.name)+"/24 dev eth0",
			"addr add "+n.service(host.name)+"/24 dev eth0", "link set eth0 up")
		if err != nil {
			return err
		}
	}
	return nil
}

// remove takes down everything that bears the lab's number, and ends what still runs there.
func (n *network) remove() {
	for _, host := range hosts {
		space := n.space(host.name)
		if out, err := exec.Command("ip", "netns", "pids", space).Output(); err == nil { //nolint:noctx // it ends by itself
			for _, pid := range strings.Fields(string(out)) {
				if id, err := strconv.Atoi(pid); err == nil {
					_ = syscall.Kill(id, syscall.SIGKILL) // it may be gone by now
				}
			}
			_ = ip("netns del " + space)
		}
	}
	_ = exec.Command("ip", "link", "del", n.bridge()).Run() //nolint:noctx // mostly there is none
}

// close removes the wiring and frees the number.
func (n *network) close() {
	if n.spaces {
		n.remove()
	}
	_ = n.lock.Close() // nothing was written
}

func (n *network) bridge() string           { return fmt.Sprintf("oaf%dbr", n.lab) }
func (n *network) space(host string) string { return fmt.Sprintf("oaf%d-%s", n.lab, host) }

// addr is the address of a host.
func (n *network) addr(host string) string { return n.numbered(host, 0) }

// service is the second address of a host. It stands for the address of a Kubernetes Service that leads to the host's
// pod: both addresses lead to the same processes, and when they are gone, this one refuses connections, as kube-proxy
// does for a Service without a pod.
func (n *network) service(host string) string { return n.numbered(host, 100) }

// nobody returns an address that belongs to no host.
func (n *network) nobody() string { return fmt.Sprintf("10.213.%d.254", n.lab) }

func (n *network) numbered(host string, offset int) string {
	for _, one := range hosts {
		if one.name == host {
			if n.spaces {
				return fmt.Sprintf("10.213.%d.%d", n.lab, one.number+offset)
			}
			return fmt.Sprintf("127.213.%d.%d", n.lab, one.number+offset)
		}
	}
	return ""
}

// command is a command that runs on a host.
func (n *network) command(ctx context.Context, host string, words ...string) *exec.Cmd {
	if n.spaces {
		words = append([]string{"ip", "netns", "exec", n.space(host)}, words...)
	}
	return exec.CommandContext(ctx, words[0], words[1:]...) //nolint:gosec // G204: our own words
}

// cut lets no packet pass between the hosts of two sides any more, in either direction. Neither is
// notified: connections that are open stay open and silent.
func (n *network) cut(side, other []string) error {
	lines := map[string][]string{} // by host, so that it happens at nearly one instant
	for _, a := range side {
		for _, b := range other {
			for _, pair := range [][2]string{{a, b}, {b, a}} {
				lines[pair[0]] = append(lines[pair[0]], n.blackhole("add", pair[1])...)
				n.cuts = append(n.cuts, pair)
			}
		}
	}
	var all errgroup.Group
	for host, routes := range lines {
		all.Go(func() error { return ipIn(n.space(host), routes...) })
	}
	return all.Wait()
}

// heal removes every cut.
func (n *network) heal() error {
	var all []error
	for _, pair := range n.cuts {
		all = append(all, ipIn(n.space(pair[0]), n.blackhole("del", pair[1])...))
	}
	n.cuts = nil
	return errors.Join(all...)
}

// blackhole returns the commands that add or delete the routes to a host.
func (n *network) blackhole(verb, host string) []string {
	return []string{"route " + verb + " blackhole " + n.addr(host) + "/32", "route " + verb + " blackhole " + n.service(host) + "/32"}
}

func ip(lines ...string) error { return batch([]string{"-batch", "-"}, lines) }

func ipIn(space string, lines ...string) error {
	return batch([]string{"-n", space, "-batch", "-"}, lines)
}

func batch(words, lines []string) error {
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	command := exec.CommandContext(ctx, "ip", words...) //nolint:gosec // G204: our own words
	command.Stdin = strings.NewReader(strings.Join(lines, "\n") + "\n")
	if out, err := command.CombinedOutput(); err != nil {
		return fmt.Errorf("ip %s: %w: %s", lines[0], err, out)
	}
	return nil
}
