package main

import (
	"context"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"github.com/recipe-web-app/oauth2d/internal/app"
	"github.com/recipe-web-app/oauth2d/internal/cli/command"
	"github.com/recipe-web-app/oauth2d/internal/cli/console"
	"github.com/recipe-web-app/oauth2d/internal/cli/exit"
	"github.com/recipe-web-app/oauth2d/internal/rotation"
)

func newRotate(c *cli) *cobra.Command {
	return command.Group("rotate", "replace secrets without downtime, and show their age", newRotateStatus(c), newRotateMasterKey(c))
}

// secretView is the printed form of a secret's age.
type secretView struct {
	Secret string    `json:"secret"`
	Since  time.Time `json:"since,omitzero"`
	Due    time.Time `json:"due,omitzero"`
	State  string    `json:"state"`
	Next   string    `json:"next,omitempty"`
}

func newRotateStatus(c *cli) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "status",
		Short: "show the age of every secret, and what is due",
		Long: "Show since when each secret is in use: the server's own keys, the master key, the passwords of Redis and of the\n" +
			"Sentinels, the certificates, and the newest secret of each client. The settings of the section rotation say when one\n" +
			"is due. A rotation that is not finished is shown as well, with the daemon that still has the old secret. The exit\n" +
			"code is 1 if anything is due or unfinished.",
		Example: "  oauth2d rotate status --direct\n\n  # for a monitor\n  oauth2d rotate status --direct -o json",
		Args:    command.NoArgs,
	}
	return c.target.Direct(cmd, c.secretStatus)
}

func (c *cli) secretStatus(ctx context.Context, d *app.Direct, _ []string) error {
	items, err := d.Secrets(ctx)
	if err != nil {
		return err
	}
	t := console.Table{Head: []string{"secret", "since", "due", "state", "next"}}
	views := make([]secretView, len(items))
	waiting := 0
	for i, one := range items {
		views[i] = secretView{Secret: one.Secret, Since: one.Since.UTC(), Due: one.Due.UTC(), State: string(one.State), Next: one.Next}
		t.Rows = append(t.Rows, []string{one.Secret, c.whenKnown(one.Since), c.whenKnown(one.Due), string(one.State), console.OrDash(one.Next)})
		if one.State == rotation.Due || one.State == rotation.Unfinished {
			waiting++
		}
	}
	if err := c.Print(views, t); err != nil || waiting == 0 {
		return err
	}
	return &exit.Error{Code: exit.Failed, Err: fmt.Errorf("%s due or unfinished", console.Count(waiting, "secret"))}
}

func (c *cli) whenKnown(t time.Time) string {
	if t.IsZero() {
		return "-"
	}
	return c.When(t)
}

func newRotateMasterKey(c *cli) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "master-key",
		Short: "encrypt everything in Redis under the master key of the settings",
		Long: "Encrypt every key of the server that lies under another master key again, under master_key: all of them in one step,\n" +
			"or none. The settings must have the earlier master key as master_key_previous, or as a further line of the file of\n" +
			"master_key. Nothing is changed while a running daemon does not have the new one. The command can be repeated.",
		Example: "  oauth2d rotate master-key --direct",
		Args:    command.NoArgs,
	}
	return c.target.Direct(cmd, func(ctx context.Context, d *app.Direct, _ []string) error {
		found, err := d.Reseal(ctx)
		if err != nil {
			return err
		}
		said := console.Count(found.Previous, "key") + " encrypted under the new master key; next: let all daemons use it as master_key, then remove the old one, and keep it with the backups of its time"
		if found.Previous == 0 {
			said = console.Count(found.Keys, "key") + " under this master key already; nothing was changed"
		}
		c.Say("%s", said)
		return nil
	})
}
