package main

import (
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"github.com/recipe-web-app/oauth2d/internal/config"
)

func newConfig(s *shared) *cobra.Command {
	var dev bool
	show := &cobra.Command{
		Use:     "print",
		Short:   "print the settings that are in force, without secrets",
		Example: "  oauth2d config print --config oauth2d.yaml\n  oauth2d config print --dev --output json",
		Args:    noArgs,
		RunE: func(*cobra.Command, []string) error {
			c, err := s.load(func(from *config.Sources) { from.Dev = dev })
			if err != nil {
				return err
			}
			if s.output == "json" {
				return printJSON(s.out, c.Redacted())
			}
			return printYAML(s.out, c.Redacted())
		},
	}
	check := &cobra.Command{
		Use:     "check",
		Short:   "tell what is wrong with the settings",
		Example: "  oauth2d config check --config oauth2d.yaml",
		Args:    noArgs,
		RunE: func(*cobra.Command, []string) error {
			if _, err := s.load(func(from *config.Sources) { from.Dev = dev }); err != nil {
				return err
			}
			s.say("the settings are good")
			return nil
		},
	}
	for _, cmd := range []*cobra.Command{show, check} {
		cmd.Flags().BoolVar(&dev, "dev", false, "with the defaults of serve --dev")
	}
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
	from, err := s.sources()
	if err != nil {
		return config.Config{}, err
	}
	adjust(&from)
	c, warnings, err := config.Load(from)
	for _, warning := range warnings {
		fmt.Fprintln(s.err, "oauth2d: warning:", warning)
	}
	return c, err
}
