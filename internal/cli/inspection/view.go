package inspection

import (
	"fmt"
	"strconv"
	"time"

	"github.com/recipe-web-app/oauth2d/internal/app"
	"github.com/recipe-web-app/oauth2d/internal/cli/console"
)

// view is the printed form of a look at Redis.
type view struct {
	Servers []serverView `json:"servers"`
	Keys    int64        `json:"keys"`
	Read    int64        `json:"keys_read"`
	Exact   bool         `json:"exact"`
	Records []recordView `json:"records"`
}

type serverView struct {
	Addr      string `json:"addr"`
	Error     string `json:"error,omitempty"`
	Role      string `json:"role,omitempty"`
	Version   string `json:"version,omitempty"`
	Used      int64  `json:"memory_used_bytes"`
	Limit     int64  `json:"memory_limit_bytes"`
	Eviction  string `json:"eviction,omitempty"`
	AOF       bool   `json:"append_only_file"`
	Clients   int64  `json:"connections"`
	PerSecond int64  `json:"commands_per_second"`
	Replicas  int    `json:"replicas"`
	LinkUp    bool   `json:"link_up"`
	Lag       int64  `json:"lag_bytes"`
}

type recordView struct {
	Kind     string `json:"kind"`
	Count    int64  `json:"count"`
	Expiring int64  `json:"expiring"`
	Soonest  int64  `json:"soonest_expiry_seconds,omitempty"`
	Latest   int64  `json:"latest_expiry_seconds,omitempty"`
	Each     int64  `json:"bytes_each,omitempty"`
	Hidden   bool   `json:"hidden,omitempty"`
}

// viewOf returns the printed form. Counts of a part are extrapolated to the whole database.
func viewOf(found app.Inspection) view {
	r := found.Records
	v := view{Servers: []serverView{}, Records: []recordView{}, Keys: r.Keys, Read: r.Read, Exact: r.All}
	for _, s := range found.Servers {
		one := serverView{
			Addr: s.Addr, Role: s.Role, Version: s.Version, Used: s.Used, Limit: s.Limit, Eviction: s.Eviction, AOF: s.LogsWrites,
			Clients: s.Clients, PerSecond: s.PerSecond, Replicas: s.Replicas, LinkUp: s.LinkUp, Lag: s.Lag,
		}
		if s.Err != nil {
			one.Error = s.Err.Error()
		}
		v.Servers = append(v.Servers, one)
	}
	whole := func(part int64) int64 {
		if r.All || r.Read == 0 {
			return part
		}
		return int64(float64(part) * float64(r.Keys) / float64(r.Read))
	}
	for _, k := range r.Kinds {
		one := recordView{
			Kind: k.Name, Count: whole(k.Count), Expiring: whole(k.Expiring), Hidden: k.Hidden,
			Soonest: int64(k.Soonest / time.Second), Latest: int64(k.Latest / time.Second),
		}
		if k.Sampled > 0 {
			one.Each = k.Bytes / k.Sampled
		}
		v.Records = append(v.Records, one)
	}
	return v
}

// Print writes a look at Redis, as two tables for people.
func Print(c *console.Console, found app.Inspection) error {
	v := viewOf(found)
	if c.Output != "table" {
		return c.Print(v, console.Table{})
	}
	if err := v.serverTable().Print(c.Out, c.Width); err != nil {
		return err
	}
	fmt.Fprintln(c.Out)
	if err := v.recordTable(c).Print(c.Out, c.Width); err != nil {
		return err
	}
	if !v.Exact {
		c.Say("estimated from %d of %d keys; --keys 0 reads all", v.Read, v.Keys)
	}
	for _, r := range v.Records {
		if r.Hidden {
			c.Say("the user of Redis may not read keys of %s: no times and no memory are shown", r.Kind)
		}
	}
	return nil
}

func (v view) serverTable() console.Table {
	t := console.Table{Head: []string{"server", "role", "replication", "memory", "eviction", "aof", "connections", "commands/s", "version"}}
	for _, s := range v.Servers {
		if s.Error != "" {
			t.Rows = append(t.Rows, []string{s.Addr, "down"})
			t.Below = append(t.Below, []string{"      " + s.Error})
			continue
		}
		memory := size(s.Used)
		if s.Limit > 0 {
			memory += fmt.Sprintf(" of %s (%d%%)", size(s.Limit), s.Used*100/s.Limit)
		}
		t.Rows = append(t.Rows, []string{
			s.Addr, s.Role, s.replication(), memory, s.Eviction, onOff(s.AOF), strconv.FormatInt(s.Clients, 10), strconv.FormatInt(s.PerSecond, 10), s.Version,
		})
		t.Below = append(t.Below, nil)
	}
	return t
}

func (s serverView) replication() string {
	switch {
	case s.Role == "master":
		return console.Count(s.Replicas, "replica")
	case !s.LinkUp:
		return "no link to the master"
	default:
		return size(s.Lag) + " behind"
	}
}

func (v view) recordTable(c *console.Console) console.Table {
	t := console.Table{Head: []string{"records", "count", "expiring", "soonest", "latest", "each", "together"}}
	for _, r := range v.Records {
		row := []string{r.Kind, strconv.FormatInt(r.Count, 10), "-", "-", "-", "-", "-"}
		if !r.Hidden {
			row[2] = strconv.FormatInt(r.Expiring, 10)
		}
		if r.Expiring > 0 {
			row[3], row[4] = c.When(time.Now().Add(time.Duration(r.Soonest)*time.Second)), c.When(time.Now().Add(time.Duration(r.Latest)*time.Second))
		}
		if r.Each > 0 {
			row[5], row[6] = size(r.Each), size(r.Each*r.Count)
		}
		t.Rows = append(t.Rows, row)
	}
	t.Rows = append(t.Rows, []string{"(all)", strconv.FormatInt(v.Keys, 10)})
	return t
}

func onOff(on bool) string {
	if on {
		return "on"
	}
	return "off"
}

// size formats a number of bytes.
func size(bytes int64) string {
	const kib, mib, gib = 1 << 10, 1 << 20, 1 << 30
	switch {
	case bytes >= gib:
		return fmt.Sprintf("%.1f GiB", float64(bytes)/gib)
	case bytes >= mib:
		return fmt.Sprintf("%.1f MiB", float64(bytes)/mib)
	case bytes >= kib:
		return fmt.Sprintf("%.1f KiB", float64(bytes)/kib)
	default:
		return fmt.Sprintf("%d B", bytes)
	}
}
