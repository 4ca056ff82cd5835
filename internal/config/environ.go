package config

import (
	"regexp"
	"slices"
	"strings"

	"github.com/recipe-web-app/oauth2d/internal/smallfile"
)

// fileSuffix ends the name of a setting or variable that names a file with the secret in it.
const fileSuffix = "_file"

// environment applies the variables: the aliases below the YAML file, the files of secrets above it, and the variables
// of this project above both.
func (l *loader) environment() {
	environ, origins := l.environ()
	l.aliases(environ)
	l.secretFiles(func(f Field) (name, at string) {
		at = f.Env + strings.ToUpper(fileSuffix)
		return environ[at], at
	})
	layer := map[string]any{}
	for _, f := range l.fields {
		if value := environ[f.Env]; value != "" {
			layer[f.Key] = value
			l.origins.set(f.Key, origins[f.Env])
		}
	}
	l.merge(layer)
	l.checkNames(environ, origins)
}

// environ returns the environment over the env file, and where each variable was set. An empty variable counts as
// absent, because deployments often set unused variables to the empty text.
func (l *loader) environ() (values, origins map[string]string) {
	values, origins = map[string]string{}, map[string]string{}
	for _, v := range l.envFile() {
		if secret := slices.IndexFunc(l.fields, func(f Field) bool { return f.Secret() && f.Env == v.name }); secret >= 0 && v.value != "" {
			l.holds(l.fields[secret].Key, l.sources.EnvFile)
		}
		values[v.name], origins[v.name] = v.value, inLine(l.sources.EnvFile, v.line)
		if slices.Contains(WithoutEffect(), v.name) {
			l.warn(v.name + ": has no effect, because this server has no service cache (" + inLine(l.sources.EnvFile, v.line) + ")")
		}
	}
	for _, pair := range l.sources.Environ {
		if name, value, ok := strings.Cut(pair, "="); ok && value != "" {
			values[name], origins[name] = value, name
		}
	}
	return values, origins
}

func (l *loader) envFile() []variable {
	if l.sources.EnvFile == "" {
		return nil
	}
	raw, err := smallfile.Read(l.sources.EnvFile)
	if err != nil {
		l.wrong.add(l.sources.EnvFile, "cannot be read: "+cause(err), "--env-file names a file of NAME=value lines")
		return nil
	}
	all, err := parseEnvFile(raw)
	if err != nil {
		l.wrong.add(l.sources.EnvFile, err.Error(), "such as OAUTH2D_LOG_LEVEL=debug, or OAUTH2D_REDIS_PASSWORD='pa$$word'")
		return nil
	}
	return all
}

// secretFiles reads the secrets that a layer names as files. The first line is the secret. Further lines are the other
// secrets that are valid while it is rotated. named returns which file holds a secret, empty for none,
// and where that file is named.
func (l *loader) secretFiles(named func(Field) (name, at string)) {
	read := map[string]any{}
	for _, f := range l.fields {
		if !f.Secret() {
			continue
		}
		name, at := named(f)
		if name == "" {
			continue
		}
		raw, err := smallfile.Read(name)
		if err != nil {
			l.wrong.add(at, name+" cannot be read: "+cause(err), "the file holds the secret alone and must be readable by this user")
			continue
		}
		lines := strings.ReplaceAll(strings.TrimRight(string(raw), "\r\n"), "\r\n", "\n") // editors and echo add line ends
		if f.Kind == Hiddens {
			read[f.Key] = strings.ReplaceAll(lines, "\n", ",")
		} else {
			var further string
			read[f.Key], further, _ = strings.Cut(lines, "\n")
			l.further[f.Key] = strings.Fields(further)
		}
		l.holds(f.Key, name)
		l.origins.set(f.Key, name+", named by "+at)
	}
	l.merge(read)
}

func (l *loader) merge(layer map[string]any) {
	nested := map[string]any{}
	for key, value := range layer {
		put(nested, strings.Split(key, "."), value)
	}
	if err := l.v.MergeConfigMap(nested); err != nil {
		l.wrong.add("environment", oneLine(err), "")
	}
}

// put writes a value into nested maps.
func put(into map[string]any, path []string, value any) {
	if len(path) == 1 {
		into[path[0]] = value
		return
	}
	below, _ := into[path[0]].(map[string]any)
	if below == nil {
		below = map[string]any{}
		into[path[0]] = below
	}
	put(below, path[1:], value)
}

func (l *loader) isSecretFile(key string) bool {
	name, cut := strings.CutSuffix(key, fileSuffix)
	f, known := find(l.fields, name)
	return cut && known && f.Secret()
}

// checkNames refuses variables that have the prefix of this project and an unknown name.
func (l *loader) checkNames(environ, origins map[string]string) {
	known := append([]string{}, OtherNames()...)
	for _, f := range l.fields {
		known = append(known, f.Env)
		if f.Secret() {
			known = append(known, f.Env+strings.ToUpper(fileSuffix))
		}
	}
	link := serviceLink()
	for name := range environ {
		ours := strings.HasPrefix(name, EnvPrefix) && !slices.Contains(known, name)
		if ours && !link.MatchString(name) {
			unknown := l.unknownSetting(name, known, envName)
			unknown.Origin = origins[name]
			l.wrong = append(l.wrong, unknown)
		}
	}
	slices.SortStableFunc(l.wrong, func(a, b Problem) int { return strings.Compare(a.Key, b.Key) })
}

// OtherNames are variables with the prefix that are not settings: those of the command line, and those that the compose
// file reads from the same env file.
func OtherNames() []string {
	return []string{EnvPrefix + "CONFIG", EnvPrefix + "ENV_FILE", EnvPrefix + "IMAGE", EnvPrefix + "MEMORY", EnvPrefix + "PUBLISH"}
}

// serviceLink matches the variables that Kubernetes puts into every container for a Service whose name begins with
// oauth2d. They are not mistyped settings.
func serviceLink() *regexp.Regexp {
	return regexp.MustCompile(`^OAUTH2D_([A-Z0-9_]+_)?(SERVICE_(HOST|PORT)(_[A-Z0-9_]+)?|PORT(_\d+_(TCP|UDP|SCTP)(_(PROTO|PORT|ADDR))?)?)$`)
}
