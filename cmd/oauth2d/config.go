package main

import (
	"encoding/json"
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"github.com/recipe-web-app/oauth2d/internal/app"
	"github.com/recipe-web-app/oauth2d/internal/config"
)

func newConfig(s *shared) *cobra.Command {
	var dev, origin bool
	show := &cobra.Command{
		Use:     "print",
		Short:   "print the settings that are in force, without secrets",
		Example: "  oauth2d config print --config oauth2d.yaml\n  oauth2d config print --origin\n  oauth2d config print --dev --output json",
		Args:    noArgs,
		RunE: func(*cobra.Command, []string) error {
			c, origins, err := s.explain(func(from *config.Sources) { from.Dev = dev })
			if err != nil {
				return err
			}
			if origin {
				return s.printOrigins(c, origins)
			}
			if s.output == "json" {
				return printJSON(s.out, c.Redacted())
			}
			return printYAML(s.out, c.Redacted())
		},
	}
	check := &cobra.Command{
		Use:     "check",
		Short:   "tell what is wrong with the settings, with everything that serve would refuse before it asks Redis",
		Example: "  oauth2d config check --config oauth2d.yaml",
		Args:    noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			c, origins, err := s.explain(func(from *config.Sources) { from.Dev = dev })
			if err == nil {
				err = origins.Locate(app.Check(cmd.Context(), c)).Err()
			}
			if err != nil {
				return err
			}
			s.say("the settings are good")
			return nil
		},
	}
	for _, cmd := range []*cobra.Command{show, check} {
		cmd.Flags().BoolVar(&dev, "dev", false, "with the defaults of serve --dev")
	}
	show.Flags().BoolVar(&origin, "origin", false, "show where each value comes from: a file and line, a variable, the command line, or the default")
	return group("config", "look at the settings", show, check,
		s.text("schema", "print the JSON Schema of the YAML file", "  oauth2d config schema > oauth2d.schema.json", func() string { return string(config.Schema()) }),
		s.text("reference", "print the page that explains every setting", "  oauth2d config reference > configuration.md", config.Reference))
}

// text is a command that prints a page.
func (s *shared) text(use, short, example string, page func() string) *cobra.Command {
	return &cobra.Command{
		Use: use, Short: short, Example: example, Args: noArgs,
		RunE: func(*cobra.Command, []string) error {
			_, err := io.WriteString(s.out, page())
			return err
		},
	}
}

// load reads the settings; adjust may change where from.
func (s *shared) load(adjust func(*config.Sources)) (config.Config, error) {
	c, _, err := s.explain(adjust)
	return c, err
}

// explain is load, and returns where each setting comes from.
func (s *shared) explain(adjust func(*config.Sources)) (config.Config, config.Origins, error) {
	from, err := s.sources()
	if err != nil {
		return config.Config{}, nil, err
	}
	adjust(&from)
	c, origins, warnings, err := config.Explain(from)
	for _, warning := range warnings {
		fmt.Fprintln(s.err, "oauth2d: warning:", warning)
	}
	return c, origins, err
}

// originView is a setting with where it comes from.
type originView struct {
	Key    string `json:"key"`
	Value  any    `json:"value"`
	Origin string `json:"origin"`
}

// maxCell is the width in bytes of a value in a table; JSON and YAML have all of it.
const maxCell = 60

// printOrigins prints one setting a line, without secrets.
func (s *shared) printOrigins(c config.Config, origins config.Origins) error {
	t := table{head: []string{"setting", "value", "origin"}}
	views := []originView{}
	for _, f := range config.Fields() {
		shown := c.Shown(f)
		views = append(views, originView{f.Key, shown, origins.Of(f.Key)})
		text, err := json.Marshal(shown)
		if err != nil {
			return err
		}
		if len(text) > maxCell {
			text = append(text[:maxCell-3:maxCell-3], "..."...)
		}
		t.rows = append(t.rows, []string{f.Key, string(text), origins.Of(f.Key)})
	}
	return s.print(views, t)
}
