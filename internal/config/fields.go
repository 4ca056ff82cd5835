package config

import (
	"reflect"
	"strings"
	"time"
)

// EnvPrefix begins the name of every environment variable of this project.
const EnvPrefix = "OAUTH2D_"

// Kind is the form of a setting's value.
type Kind string

// The kinds of value.
const (
	Text     Kind = "text"
	Number   Kind = "number"
	Switch   Kind = "true or false"
	Duration Kind = "duration"
	List     Kind = "list"
	Hidden   Kind = "secret"
	Hiddens  Kind = "list of secrets"
	Objects  Kind = "list of objects"
)

// Field describes one setting.
type Field struct {
	Key      string // as in YAML: redis.mode
	Env      string // OAUTH2D_REDIS_MODE
	Kind     Kind
	Doc      string
	Default  string   // as in the YAML file; empty means an empty value
	OneOf    []string // the allowed values; nil means any
	Min, Max string   // bounds of a number or duration; empty means none
	Reload   bool     // SIGHUP changes it without a restart
	Was      string   // the key before a renaming; empty means never renamed. The old key is refused.
	Items    []Field  // of Objects: the fields of one object; their Key is relative

	index []int
}

// Section returns the part of the key before its last dot; empty at the top.
func (f Field) Section() string {
	if dot := strings.LastIndexByte(f.Key, '.'); dot >= 0 {
		return f.Key[:dot]
	}
	return ""
}

// Secret reports whether the value must not be shown.
func (f Field) Secret() bool { return f.Kind == Hidden || f.Kind == Hiddens }

// of returns the field's place in a Config.
func (f Field) of(c reflect.Value) reflect.Value { return c.FieldByIndex(f.index) }

// Fields lists every setting in the order of Config.
func Fields() []Field { return fieldsOf(reflect.TypeFor[Config](), "", nil) }

func fieldsOf(t reflect.Type, prefix string, index []int) []Field {
	var all []Field
	for i := range t.NumField() {
		sf := t.Field(i)
		name, tagged := sf.Tag.Lookup("key")
		if !tagged {
			continue
		}
		at := append(append([]int{}, index...), i)
		if sf.Type.Kind() == reflect.Struct {
			all = append(all, fieldsOf(sf.Type, prefix+name+".", at)...)
			continue
		}
		all = append(all, fieldOf(sf, prefix+name, at))
	}
	return all
}

func fieldOf(sf reflect.StructField, key string, index []int) Field {
	f := Field{
		Key:     key,
		Env:     envName(key),
		Kind:    kindOf(sf.Type),
		Doc:     sf.Tag.Get("doc"),
		Default: sf.Tag.Get("default"),
		Min:     sf.Tag.Get("min"),
		Max:     sf.Tag.Get("max"),
		Reload:  sf.Tag.Get("reload") == "true",
		index:   index,
	}
	if was := sf.Tag.Get("was"); was != "" {
		f.Was = strings.TrimSuffix(key, sf.Tag.Get("key")) + was
	}
	if allowed := sf.Tag.Get("enum"); allowed != "" {
		f.OneOf = strings.Split(allowed, ",")
	}
	if f.Kind == Objects {
		f.Items = fieldsOf(sf.Type.Elem(), "", nil)
	}
	return f
}

// envName returns the environment variable of a key.
func envName(key string) string {
	return EnvPrefix + strings.ToUpper(strings.ReplaceAll(key, ".", "_"))
}

func kindOf(t reflect.Type) Kind {
	switch {
	case t == reflect.TypeFor[time.Duration]():
		return Duration
	case t == reflect.TypeFor[Secret]():
		return Hidden
	case t == reflect.TypeFor[[]Secret]():
		return Hiddens
	case t.Kind() == reflect.Slice && t.Elem().Kind() == reflect.Struct:
		return Objects
	case t.Kind() == reflect.Slice:
		return List
	case t.Kind() == reflect.Int:
		return Number
	case t.Kind() == reflect.Bool:
		return Switch
	default:
		return Text
	}
}
