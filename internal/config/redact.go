package config

import (
	"reflect"
	"strings"
	"time"
)

// Redacted returns the settings as nested maps, as the YAML file would have them, with every secret replaced by
// "(set)".
func (c Config) Redacted() map[string]any {
	out := map[string]any{}
	from := reflect.ValueOf(c)
	for _, f := range Fields() {
		put(out, strings.Split(f.Key, "."), f.shown(from))
	}
	return out
}

// Shown returns the value of one setting as Redacted shows it.
func (c Config) Shown(f Field) any { return f.shown(reflect.ValueOf(c)) }

// shown returns the field's value with secrets replaced.
func (f Field) shown(c reflect.Value) any {
	value := f.of(c)
	switch f.Kind {
	case Hidden:
		return Secret(value.String()).String()
	case Hiddens:
		all := make([]string, value.Len())
		for i := range all {
			all[i] = redacted
		}
		return all
	case Duration:
		return time.Duration(value.Int()).String()
	case Objects:
		all := make([]map[string]any, value.Len())
		for i := range all {
			all[i] = map[string]any{}
			for _, item := range f.Items {
				all[i][item.Key] = item.shown(value.Index(i))
			}
		}
		return all
	default:
		return value.Interface()
	}
}

// Changed lists the settings that differ between two configurations: first those that SIGHUP can change, then those
// that need a restart.
func Changed(before, after Config) (reload, restart []string) {
	a, b := reflect.ValueOf(before), reflect.ValueOf(after)
	for _, f := range Fields() {
		switch {
		case reflect.DeepEqual(f.of(a).Interface(), f.of(b).Interface()):
		case f.Reload:
			reload = append(reload, f.Key)
		default:
			restart = append(restart, f.Key)
		}
	}
	return reload, restart
}
