package config

import (
	"fmt"
	"maps"
	"net/url"
	"slices"
	"strings"
)

// Origins maps each key to the place that set it: "oauth2d.yaml, line 12", "OAUTH2D_REDIS_MODE", "--set redis.mode" or
// "default".
type Origins map[string]string

// defaultOrigin is the origin of a setting that nobody set.
const defaultOrigin = "default"

// Of returns the origin of a setting. For a place such as scopes[0].name it returns that of the setting around it; for
// a section, that of its first setting that was set.
func (o Origins) Of(at string) string {
	for _, key := range slices.Sorted(maps.Keys(o)) {
		if strings.HasPrefix(key, at+".") && o[key] != defaultOrigin {
			return o[key]
		}
	}
	for at != "" {
		if origin, ok := o[at]; ok {
			return origin
		}
		cut := strings.LastIndexAny(at, ".[")
		if cut < 0 {
			return ""
		}
		at = at[:cut]
	}
	return ""
}

// set records where a setting comes from. It removes the origins that an earlier source recorded for the items of that
// setting.
func (o Origins) set(key, origin string) {
	for at := range o {
		if strings.HasPrefix(at, key+"[") {
			delete(o, at)
		}
	}
	o[key] = origin
}

// Locate adds to problems that were found after loading where their settings come from.
func (o Origins) Locate(all Problems) Problems {
	for i, p := range all {
		if origin := o.Of(p.Key); p.Origin == "" && origin != defaultOrigin {
			all[i].Origin = origin
		}
	}
	return all
}

func inLine(file string, line int) string { return fmt.Sprintf("%s, line %d", file, line) }

// decorate adds to each problem the value that was set, unless it is secret, and where it was set.
func (l *loader) decorate() {
	for i := range l.wrong {
		p := &l.wrong[i]
		own := p.Origin != "" // the check that found it already added value and origin
		if !own {
			key, _, _ := strings.Cut(p.Key, ":")
			p.Origin = l.origins.Of(key)
		}
		if p.Origin == defaultOrigin || p.Origin == p.Key {
			p.Origin = ""
		}
		f, known := find(l.fields, p.Key)
		if own || !known || f.Secret() || p.Value != "" || strings.HasPrefix(p.What, `"`) {
			continue
		}
		if text, ok := scalar(l.v.Get(f.Key)); ok && text != "" && !holdsPassword(text) {
			p.Value = text
		}
		if p.Hint == "" && f.Default != "" {
			p.Hint = "such as " + f.Default
		}
	}
}

// holdsPassword reports whether a value is a URL with user information, which must not be shown.
func holdsPassword(text string) bool {
	u, err := url.Parse(text)
	return err == nil && u.User != nil || err != nil && strings.Contains(text, "@")
}
