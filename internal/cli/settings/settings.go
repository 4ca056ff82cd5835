package settings

import (
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/spf13/pflag"

	"github.com/recipe-web-app/oauth2d/internal/cli/console"
	"github.com/recipe-web-app/oauth2d/internal/cli/exit"
	"github.com/recipe-web-app/oauth2d/internal/config"
)

// Flags are the flags that name the settings of the server.
type Flags struct {
	Environ []string  // the environment
	WarnTo  io.Writer // receives warnings

	config  string
	envFile string
	set     []string
}

// Bind adds the flags.
func (f *Flags) Bind(flags *pflag.FlagSet) {
	flags.StringVar(&f.config, "config", "", "YAML file with the settings (or OAUTH2D_CONFIG)")
	flags.StringVar(&f.envFile, "env-file", "", "file of NAME=value lines; the environment overrides it (or OAUTH2D_ENV_FILE)")
	flags.StringArrayVar(&f.set, "set", nil, "one setting, such as redis.mode=sentinel; overrides all other sources; may be repeated")
}

// Load reads the settings. adjust may change the sources.
func (f *Flags) Load(adjust func(*config.Sources)) (config.Config, error) {
	c, _, err := f.Explain(adjust)
	return c, err
}

// Explain reads the settings and the origin of each. adjust may change the sources.
func (f *Flags) Explain(adjust func(*config.Sources)) (config.Config, config.Origins, error) {
	from, err := f.Sources()
	if err != nil {
		return config.Config{}, nil, err
	}
	adjust(&from)
	c, origins, warnings, err := config.Explain(from)
	for _, warning := range warnings {
		fmt.Fprintln(f.WarnTo, "oauth2d: warning:", warning)
	}
	return c, origins, err
}

// Sources returns the sources of the settings.
func (f *Flags) Sources() (config.Sources, error) {
	// The variables of the command line itself are not settings of the server.
	own := slices.DeleteFunc(slices.Clone(f.Environ), func(pair string) bool { return strings.HasPrefix(pair, console.EnvPrefix) })
	from := config.Sources{File: f.config, EnvFile: f.envFile, Environ: own, Set: map[string]string{}}
	for _, pair := range f.Environ {
		name, value, _ := strings.Cut(pair, "=")
		switch {
		case name == config.EnvPrefix+"CONFIG" && from.File == "":
			from.File = value
		case name == config.EnvPrefix+"ENV_FILE" && from.EnvFile == "":
			from.EnvFile = value
		}
	}
	for _, pair := range f.set {
		key, value, ok := strings.Cut(pair, "=")
		if !ok {
			return from, exit.Usagef("--set %s: has no value; hint: --set redis.mode=sentinel", pair)
		}
		from.Set[key] = value
	}
	return from, nil
}
