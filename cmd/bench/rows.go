package main

import (
	"slices"

	"github.com/recipe-web-app/oauth2d/cmd/bench/report"
	"github.com/recipe-web-app/oauth2d/cmd/bench/scenario"
	"github.com/recipe-web-app/oauth2d/cmd/bench/subject"
)

// aims are the ceiling of each row and the least ratio that the project aims at (0: none).
func aims() map[string]struct {
	ceiling string
	ratio   float64
} {
	return map[string]struct {
		ceiling string
		ratio   float64
	}{
		scenario.TokenOpaque:        {"(f) token", 0.85},
		scenario.TokenJWT + "ES256": {"(j) ES256", 0.85},
		scenario.TokenJWT + "EdDSA": {"(j) EdDSA", 0},
		scenario.TokenJWT + "RS256": {"(j) RS256", 0},
		scenario.Refresh:            {"(fj) token, ID token", 0.75},
		scenario.Redemption:         {"(fj) token, ID token", 0},
		scenario.Revoke:             {"(gf) read, then write", 0},
		scenario.IntrospectOpaque:   {"(g) introspection", 0.85},
		scenario.IntrospectJWT:      {"(g) introspection", 0.85},
		scenario.UserInfo:           {"(gg) two reads", 0},
		scenario.Metadata:           {"(a) chi, metadata", 0.85},
		scenario.Keys:               {"(a) chi, JWKS", 0.85},
	}
}

// strictAim is the least share of the relaxed throughput that strict durability should keep.
const strictAim = 0.9

// lanes returns all rows, each ceiling directly before the rows that are compared with it.
func (b *bed) lanes() []*lane {
	all := slices.Clone(b.ceilings)
	for _, w := range b.relaxed.Workloads() {
		l := newLane(w, report.Relaxed, &b.relaxed.Subject)
		at := len(all)
		if aim, found := aims()[w.Name]; found {
			i := slices.IndexFunc(all, func(c *lane) bool { return c.Name == aim.ceiling })
			l.Ceiling, l.Target = all[i].Series, aim.ratio
			for at = i + 1; at < len(all) && all[at].Ceiling == l.Ceiling; at++ { // in the order of the workloads
			}
		}
		all = slices.Insert(all, at, l)
	}
	strict := b.strictGroup.Workloads()
	for i, w := range b.relaxedGroup.Workloads() {
		if aims()[w.Name].ceiling == aims()[scenario.Metadata].ceiling || w.Name == scenario.Keys || w.Name == scenario.TokenJWT+"EdDSA" || w.Name == scenario.TokenJWT+"RS256" {
			continue // durability makes no difference
		}
		relaxed := newLane(w, report.RelaxedGroup, &b.relaxedGroup.Subject)
		l := newLane(strict[i], report.StrictGroup, &b.strictGroup.Subject)
		l.Ceiling = relaxed.Series
		if w.Name == scenario.Refresh || w.Name == scenario.Redemption {
			l.Target = strictAim
		}
		all = append(all, relaxed, l)
	}
	for _, l := range b.peerLanes {
		i := slices.IndexFunc(all, func(c *lane) bool { return c.Name == l.Name && c.Mode == report.Relaxed })
		l.Ceiling = all[i].Series
		all = slices.Insert(all, i+1, l)
	}
	return all
}

// selected keeps the rows that the command line names, and their ceilings.
func (o options) selected(lanes []*lane) []*lane {
	wanted := map[*report.Series]bool{}
	for _, l := range lanes {
		if o.rows.MatchString(l.Name) {
			wanted[l.Series] = true
			wanted[l.Ceiling] = true
		}
	}
	return slices.DeleteFunc(lanes, func(l *lane) bool { return !wanted[l.Series] })
}

// daemonLanes are the rows that are also measured at a constant rate.
func daemonLanes(lanes []*lane) []*lane {
	var all []*lane
	for _, l := range lanes {
		if l.Mode == report.Relaxed || l.Mode == report.StrictGroup {
			all = append(all, l)
		}
	}
	return all
}

// The targets that no row has of its own.
const (
	startAim     = 60   // milliseconds
	memoryAim    = 80   // MiB
	peerTokenAim = 5    // times the throughput
	peerAim      = 7    // likewise, introspection
	readAim      = 1.15 // times ceiling d
)

func (b *bed) targets(lanes []*lane) []report.Target {
	find := func(name, mode string) *report.Series {
		i := slices.IndexFunc(lanes, func(l *lane) bool { return l.Name == name && l.Mode == mode })
		if i < 0 {
			return &report.Series{}
		}
		return lanes[i].Series
	}
	var all []report.Target
	atLeast := func(what string, want float64, of, to *report.Series) {
		if len(of.Samples) > 0 && len(to.Samples) > 0 {
			all = append(all, report.AtLeast(what, want, report.Ratio(of.Samples, to.Samples)))
		}
	}
	token, introspection := find(scenario.TokenOpaque, report.Relaxed), find(scenario.IntrospectOpaque, report.Relaxed)
	atLeast("/introspect opaque, relaxed: ratio to (d)", readAim, introspection, find("(d) b + Basic", report.CeilingMode))
	atLeast("/token opaque, relaxed: ratio to (c)", 1, token, find("(c) a + EVALSHA", report.CeilingMode))
	atLeast("/token opaque: ratio to node-oidc-provider", peerTokenAim, token, find(scenario.TokenOpaque, "node-oidc-provider"))
	atLeast("/introspect opaque: ratio to node-oidc-provider", peerAim, introspection, find(scenario.IntrospectOpaque, "node-oidc-provider"))
	for _, d := range []*subject.Daemon{b.relaxed.Daemon, b.strictGroup.Daemon} {
		all = append(all,
			report.AtMost(d.Server.Name+": start to the first 200, in ms", startAim, float64(d.Start.Microseconds())/1000),
			report.AtMost(d.Server.Name+": resident memory at the end, in MiB", memoryAim, float64(d.Server.RSS())/(1<<20)))
	}
	return all
}
