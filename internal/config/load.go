package config

import (
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"reflect"
	"slices"
	"strings"

	"github.com/spf13/viper"

	"github.com/recipe-web-app/oauth2d/internal/smallfile"
)

// Sources lists where the settings come from. The zero Sources means: defaults only.
type Sources struct {
	File    string            // a YAML file; empty means none
	EnvFile string            // a file of NAME=value lines; the environment itself overrides it
	Environ []string          // NAME=value, as os.Environ returns it
	Set     map[string]string // by key; overrides everything else (flags)
	Dev     bool              // the defaults of serve --dev
	Tool    bool              // for a command other than serve: settings that only a server needs may be missing
	Section string            // for a command that needs one section alone, such as redis: mistakes in others are ignored
}

// Load reads the settings and checks them. The warnings are lines for the log about values that were ignored. The error
// is a Problems: every mistake with its key and the remedy, in one line each.
func Load(s Sources) (Config, []string, error) {
	c, _, warnings, err := Explain(s)
	return c, warnings, err
}

// Explain does what Load does, and also returns where each setting came from.
func Explain(s Sources) (Config, Origins, []string, error) {
	l := newLoader(s)
	l.defaults()
	l.yaml()
	l.environment()
	l.flags()
	c := l.collect()
	l.wrong = l.relevant(l.wrong)
	if len(l.wrong) == 0 {
		l.wrong = l.relevant(c.Validate())
	}
	l.decorate()
	return c, l.origins, l.warnings, l.wrong.orNil()
}

// Default returns the settings when nothing is set. They are not complete: Validate requires an issuer and a master
// key, unless Dev is set.
func Default(dev bool) Config {
	l := newLoader(Sources{Dev: dev})
	l.defaults()
	return l.collect()
}

func newLoader(s Sources) *loader {
	return &loader{sources: s, fields: Fields(), v: viper.New(), origins: Origins{}, further: map[string][]string{}}
}

// loader applies the sources one over another, the weakest first.
type loader struct {
	sources  Sources
	fields   []Field
	v        *viper.Viper
	origins  Origins // of the values in force so far
	secrets  []SecretFile
	further  map[string][]string // of a secret whose file has several lines: those after the first
	wrong    Problems
	warnings []string
}

// relevant leaves out the mistakes in sections that the caller does not need. A name that is no setting at all stays: it
// may be a misspelt one of the section.
func (l *loader) relevant(all Problems) Problems {
	if l.sources.Section == "" {
		return all
	}
	return slices.DeleteFunc(all, func(p Problem) bool {
		return slices.ContainsFunc(l.fields, func(f Field) bool {
			section, _, _ := strings.Cut(f.Key, ".")
			return section != l.sources.Section && (sectionOf(p.Key) == section || strings.TrimSuffix(p.Key, strings.ToUpper(fileSuffix)) == f.Env)
		})
	})
}

// sectionOf returns the first name in the key of a mistake: scopes of "scopes[0].name", master_key of "master_key_file".
func sectionOf(key string) string {
	if end := strings.IndexAny(key, ".[:"); end >= 0 {
		key = key[:end]
	}
	return strings.TrimSuffix(key, fileSuffix)
}

func (l *loader) defaults() {
	for _, f := range l.fields {
		l.origins[f.Key] = defaultOrigin
		if f.Default != "" {
			l.v.SetDefault(f.Key, f.Default)
		}
	}
	if l.sources.Dev {
		for key, value := range devDefaults() {
			l.v.SetDefault(key, value)
			l.origins[key] = "default of --dev"
		}
	}
}

// yaml applies the file above the defaults.
func (l *loader) yaml() {
	if l.sources.File == "" {
		return
	}
	raw, err := smallfile.Read(l.sources.File)
	if err != nil {
		l.wrong.add(l.sources.File, "cannot be read: "+cause(err), "--config names the YAML file with the settings")
		return
	}
	documents, err := smallfile.Documents(raw, maxAliased)
	if err != nil {
		problem := "cannot be read: "
		if strings.HasPrefix(err.Error(), "yaml: ") {
			problem = "is not YAML: "
		}
		l.wrong.add(l.sources.File, problem+oneLine(err), "")
		return
	}
	if len(documents) > 1 {
		at := fmt.Sprintf("%s:%d", l.sources.File, documents[1].Line)
		l.wrong.add(at, "begins a second YAML document, which would not be read", "settings are one document: remove the line ---")
		return
	}
	file, err := readYAML(l.sources.File, documents, l.isValue)
	if err != nil {
		l.wrong.add(l.sources.File, "is not YAML: "+oneLine(err), "")
		return
	}
	for _, one := range file.wrong {
		one.Origin = file.name
		l.wrong = append(l.wrong, one)
	}
	layer := map[string]any{}
	for _, key := range file.keys {
		if l.known(file, key) && file.values[key] != nil {
			layer[key] = file.values[key]
			if f, _ := find(l.fields, key); f.Secret() {
				l.holds(key, file.name)
			}
			l.origins[key] = inLine(file.name, file.lines[key])
		}
	}
	for at, line := range file.lines { // the items of a list have their own lines
		if strings.Contains(at, "[") {
			l.origins[at] = inLine(file.name, line)
		}
	}
	l.merge(layer)
	l.secretFiles(func(f Field) (name, at string) {
		if layer[f.Key] != nil {
			return "", ""
		}
		name, _ = file.values[f.Key+fileSuffix].(string)
		return name, f.Key + fileSuffix
	})
}

// isValue reports whether a key of the file is a setting and not a section.
func (l *loader) isValue(key string) bool {
	_, known := find(l.fields, key)
	return known || l.isSecretFile(key)
}

// known reports whether a key of the file is a setting, and records a problem if it is not. The name of a file that
// holds a secret counts as known, although it is not a setting itself.
func (l *loader) known(file *document, key string) bool {
	all := keysOf(l.fields)
	origin := inLine(file.name, file.lines[key])
	refuse := func(what, hint string) {
		l.wrong = append(l.wrong, Problem{Key: key, What: what, Hint: hint, Origin: origin})
	}
	_, known := find(l.fields, key)
	within := func(k string) bool { return strings.HasPrefix(k, key+".") }
	switch {
	case known:
		return true
	case l.isSecretFile(key):
		l.origins[key] = origin
		if _, isText := file.values[key].(string); !isText && file.values[key] != nil {
			refuse("must be the name of one file", "")
		}
	case slices.ContainsFunc(all, within) && empty(file.values[key]):
	case slices.ContainsFunc(all, within):
		refuse("is a section, not a value", "write its settings below it, indented")
	default:
		unknown := l.unknownSetting(key, all, asKey)
		refuse(unknown.What, unknown.Hint)
	}
	return false
}

// empty reports whether a section holds nothing: "session:" or "session: {}".
func empty(value any) bool {
	below, isMap := value.(map[string]any)
	_, null := value.(explicitNull)
	return value == nil || null || isMap && len(below) == 0
}

// flags applies the strongest source, the command line.
func (l *loader) flags() {
	known := keysOf(l.fields)
	for _, key := range slices.Sorted(maps.Keys(l.sources.Set)) {
		if !slices.Contains(known, key) {
			unknown := l.unknownSetting(key, known, asKey)
			unknown.Origin = "command line"
			l.wrong = append(l.wrong, unknown)
			continue
		}
		l.v.Set(key, l.sources.Set[key])
		l.origins.set(key, "command line")
	}
}

// collect writes the values in force into a Config.
func (l *loader) collect() Config {
	c := Config{Dev: l.sources.Dev, Tool: l.sources.Tool}
	into := reflect.ValueOf(&c).Elem()
	for _, f := range l.fields {
		assign(into, f, l.v.Get(f.Key), f.Key, &l.wrong)
	}
	for _, text := range l.further["master_key"] {
		c.MasterKeyPrevious = append(c.MasterKeyPrevious, Secret(text))
	}
	c.Scopes = withStandardScopes(c.Scopes)
	c.SecretFiles = l.secrets
	return c
}

// cause returns why a file could not be read, without repeating the file's name.
func cause(err error) string {
	if path, ok := errors.AsType[*fs.PathError](err); ok {
		return path.Err.Error()
	}
	return oneLine(err)
}

// oneLine joins the lines of a message.
func oneLine(err error) string { return strings.Join(strings.Fields(err.Error()), " ") }
