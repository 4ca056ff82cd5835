package main

import (
	"encoding/json"
	"io"

	"github.com/spf13/cobra"

	"github.com/recipe-web-app/oauth2d/internal/app"
	"github.com/recipe-web-app/oauth2d/internal/cli/command"
	"github.com/recipe-web-app/oauth2d/internal/cli/console"
	"github.com/recipe-web-app/oauth2d/internal/config"
)

func newConfig(c *cli) *cobra.Command {
	var dev, origin bool
	show := &cobra.Command{
		Use:     "print",
		Short:   "print the settings in force, without secrets",
		Example: "  oauth2d config print --config oauth2d.yaml\n  oauth2d config print --origin\n  oauth2d config print --dev --output json",
		Args:    command.NoArgs,
		RunE: func(*cobra.Command, []string) error {
			settings, origins, err := c.settings.Explain(func(from *config.Sources) { from.Dev = dev })
			if err != nil {
				return err
			}
			if origin {
				return c.printOrigins(settings, origins)
			}
			if c.Output == "json" {
				return console.PrintJSON(c.Out, settings.Redacted())
			}
			return console.PrintYAML(c.Out, settings.Redacted())
		},
	}
	check := &cobra.Command{
		Use:     "check",
		Short:   "check the settings and the files that they name, as serve does before it connects to Redis",
		Example: "  oauth2d config check --config oauth2d.yaml",
		Args:    command.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			settings, origins, err := c.settings.Explain(func(from *config.Sources) { from.Dev = dev })
			if err == nil {
				err = origins.Locate(app.Check(cmd.Context(), settings)).Err()
			}
			if err != nil {
				return err
			}
			c.Say("the settings are valid")
			return nil
		},
	}
	for _, cmd := range []*cobra.Command{show, check} {
		cmd.Flags().BoolVar(&dev, "dev", false, "with the defaults of serve --dev")
	}
	show.Flags().BoolVar(&origin, "origin", false, "show the origin of each value: a file and line, a variable, the command line, or the default")
	return command.Group("config", "show and check settings", show, check,
		c.text("schema", "print the JSON Schema of the YAML file", "  oauth2d config schema > oauth2d.schema.json", func() string { return string(config.Schema()) }),
		c.text("reference", "print the reference page of all settings", "  oauth2d config reference > configuration.md", config.Reference))
}

// text returns a command that prints a page.
func (c *cli) text(use, short, example string, page func() string) *cobra.Command {
	return &cobra.Command{
		Use: use, Short: short, Example: example, Args: command.NoArgs,
		RunE: func(*cobra.Command, []string) error {
			_, err := io.WriteString(c.Out, page())
			return err
		},
	}
}

// originView is a setting with its origin.
type originView struct {
	Key    string `json:"key"`
	Value  any    `json:"value"`
	Origin string `json:"origin"`
}

// maxCell bounds a value in a table, in bytes; JSON and YAML show all of it.
const maxCell = 60

// printOrigins prints the settings, one a line, without secrets.
func (c *cli) printOrigins(settings config.Config, origins config.Origins) error {
	t := console.Table{Head: []string{"setting", "value", "origin"}}
	views := []originView{}
	for _, f := range config.Fields() {
		shown := settings.Shown(f)
		views = append(views, originView{f.Key, shown, origins.Of(f.Key)})
		text, err := json.Marshal(shown)
		if err != nil {
			return err
		}
		if len(text) > maxCell {
			text = append(text[:maxCell-3:maxCell-3], "..."...)
		}
		t.Rows = append(t.Rows, []string{f.Key, string(text), origins.Of(f.Key)})
	}
	return c.Print(views, t)
}
