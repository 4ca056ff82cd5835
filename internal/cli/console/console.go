package console

import (
	"fmt"
	"io"
	"strings"

	"github.com/spf13/pflag"
)

// EnvPrefix is the prefix of the variables of the command line itself. They are not settings of the server.
const EnvPrefix = "OAUTH2D_CLI_"

// Console holds the streams and the environment of a command. Results go to Out, everything else to Err.
type Console struct {
	In       io.Reader
	Out      io.Writer
	Err      io.Writer
	Environ  []string
	Terminal bool   // In and Err are a terminal, so questions can be asked
	Width    int    // of the terminal behind Out; 0: Out is not a terminal
	Color    bool   // Out shows colours
	Output   string // table, json or yaml
	utc      bool   // times in tables in full, in UTC
}

// Say writes a line for people to Err.
func (c *Console) Say(format string, args ...any) { fmt.Fprintf(c.Err, format+"\n", args...) }

// Bind adds the flags that choose the form of results.
func (c *Console) Bind(flags *pflag.FlagSet) {
	flags.StringVarP(&c.Output, "output", "o", "table", "format of results: table, json or yaml")
	flags.BoolVar(&c.utc, "utc", false, "show full times in UTC in tables, instead of relative ones")
}

// Getenv returns a variable of the environment; "" when it is not set.
func (c *Console) Getenv(name string) string {
	for _, pair := range c.Environ {
		if key, value, _ := strings.Cut(pair, "="); key == name {
			return value
		}
	}
	return ""
}
