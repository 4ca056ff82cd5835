package config

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"reflect"
	"slices"
	"strings"

	"github.com/spf13/viper"
)

// Sources says where the settings come from. The zero Sources means: defaults only.
type Sources struct {
	File    string            // a YAML file; empty means none
	EnvFile string            // a file of NAME=value lines; the environment itself goes before it
	Environ []string          // NAME=value, as os.Environ gives it
	Set     map[string]string // by key; goes before everything else (flags)
	Dev     bool              // the defaults of serve --dev
	Tool    bool              // for a command beside the server: what only a server needs may be missing
}

// maxFile bounds the files that are read, in bytes: a setting that names a device or a huge file by
// mistake is told so.
const maxFile = 1 << 20

// Load gathers the settings and checks them. The warnings are lines for the log about what was
// left aside. The error is a Problems: every mistake with its key and the remedy, in one line each.
func Load(s Sources) (Config, []string, error) {
	l := &loader{sources: s, fields: Fields(), v: viper.New()}
	l.defaults()
	l.yaml()
	l.environment()
	l.flags()
	c := l.collect()
	if len(l.wrong) == 0 {
		l.wrong = append(l.wrong, c.Validate()...)
	}
	return c, l.warnings, l.wrong.orNil()
}

// Default is the settings when nothing is set. It is not complete: Validate wants an issuer and a
// master key, unless Dev is set.
func Default(dev bool) Config {
	l := &loader{sources: Sources{Dev: dev}, fields: Fields(), v: viper.New()}
	l.defaults()
	return l.collect()
}

// loader lays the sources over one another, the weakest first.
type loader struct {
	sources  Sources
	fields   []Field
	v        *viper.Viper
	wrong    Problems
	warnings []string
}

func (l *loader) defaults() {
	for _, f := range l.fields {
		if f.Default != "" {
			l.v.SetDefault(f.Key, f.Default)
		}
	}
	if l.sources.Dev {
		for key, value := range devDefaults() {
			l.v.SetDefault(key, value)
		}
	}
}

// yaml lays the file over the defaults.
func (l *loader) yaml() {
	if l.sources.File == "" {
		return
	}
	raw, err := readFile(l.sources.File)
	if err != nil {
		l.wrong.add(l.sources.File, "cannot be read: "+cause(err), "--config names the YAML file with the settings")
		return
	}
	if line := secondDocument(raw); line != 0 {
		at := fmt.Sprintf("%s:%d", l.sources.File, line)
		l.wrong.add(at, "begins a second YAML document, which would not be read", "settings are one document: take the line --- out")
		return
	}
	file := viper.New()
	file.SetConfigType("yaml")
	if err := file.ReadConfig(bytes.NewReader(raw)); err != nil {
		l.wrong.add(l.sources.File, "is not YAML: "+oneLine(err), "")
		return
	}
	l.checkKeys(file)
	if err := l.v.MergeConfigMap(file.AllSettings()); err != nil {
		l.wrong.add(l.sources.File, oneLine(err), "")
		return
	}
	l.secretFiles(func(f Field) (name, at string) {
		if file.InConfig(f.Key) {
			return "", ""
		}
		return file.GetString(f.Key + fileSuffix), f.Key + fileSuffix
	})
}

// checkKeys refuses what the file names and nobody knows.
func (l *loader) checkKeys(file *viper.Viper) {
	known := keysOf(l.fields)
	for _, key := range slices.Sorted(slices.Values(file.AllKeys())) {
		if slices.Contains(known, key) || l.isSecretFile(key) {
			continue
		}
		within := func(k string) bool { return strings.HasPrefix(k, key+".") }
		switch {
		case slices.ContainsFunc(known, within) && file.Get(key) == nil:
		case slices.ContainsFunc(known, within):
			l.wrong.add(key, "is a section, not a value", "write its settings below it, indented")
		default:
			l.wrong.add(key, "no such setting", didYouMean(key, known))
		}
	}
}

// flags lays the highest layer on top.
func (l *loader) flags() {
	known := keysOf(l.fields)
	for _, key := range slices.Sorted(maps.Keys(l.sources.Set)) {
		if !slices.Contains(known, key) {
			l.wrong.add(key, "no such setting", didYouMean(key, known))
			continue
		}
		l.v.Set(key, l.sources.Set[key])
	}
}

// collect writes what won into a Config.
func (l *loader) collect() Config {
	c := Config{Dev: l.sources.Dev, Tool: l.sources.Tool}
	into := reflect.ValueOf(&c).Elem()
	for _, f := range l.fields {
		assign(into, f, l.v.Get(f.Key), f.Key, &l.wrong)
	}
	c.Scopes = withStandardScopes(c.Scopes)
	return c
}

// readFile reads a small file.
func readFile(name string) ([]byte, error) {
	info, err := os.Stat(name)
	switch {
	case err != nil:
		return nil, err
	case info.IsDir():
		return nil, errors.New("is a directory")
	case info.Size() > maxFile:
		return nil, errors.New("is larger than 1 MiB")
	}
	return os.ReadFile(name) //nolint:gosec // G304: the operator names this file
}

// cause is why a file could not be read, without the file's name again.
func cause(err error) string {
	if path, ok := errors.AsType[*fs.PathError](err); ok {
		return path.Err.Error()
	}
	return oneLine(err)
}

// oneLine joins the lines of a message.
func oneLine(err error) string { return strings.Join(strings.Fields(err.Error()), " ") }
