package main

import (
	"context"
	"time"

	"github.com/spf13/cobra"

	"github.com/recipe-web-app/oauth2d/internal/app"
	"github.com/recipe-web-app/oauth2d/internal/keyring"
)

func newKey(s *shared) *cobra.Command {
	return group("key", "look after the server's own keys", newKeyList(s), newKeyRotate(s))
}

// keyView is a key as it is printed; of the key itself nothing is.
type keyView struct {
	ID        string     `json:"id"`
	Use       string     `json:"use"`
	Algorithm string     `json:"algorithm,omitempty"`
	State     string     `json:"state"`
	Created   *time.Time `json:"created,omitempty"`
	Active    *time.Time `json:"active,omitempty"`
	Retires   *time.Time `json:"retires,omitempty"`
	Drops     *time.Time `json:"drops,omitempty"`
}

func newKeyList(s *shared) *cobra.Command {
	cmd := &cobra.Command{
		Use:     "list",
		Short:   "list the server's keys and their calendar",
		Example: "  oauth2d key list --direct",
		Args:    noArgs,
	}
	return s.direct(cmd, func(_ context.Context, d *app.Direct, _ []string) error { return s.printKeys(d) })
}

func (s *shared) printKeys(d *app.Direct) error {
	views := []keyView{}
	t := table{head: []string{"id", "use", "algorithm", "state", "active", "retires", "drops"}}
	for _, k := range d.Ring.List() {
		views = append(views, keyView{
			ID: k.ID, Use: k.Use, Algorithm: k.Algorithm, State: string(k.State), Created: timeOrNil(k.Created),
			Active: timeOrNil(k.Active), Retires: timeOrNil(k.Retires), Drops: timeOrNil(k.Drops),
		})
		t.rows = append(t.rows, []string{k.ID, k.Use, orDash(k.Algorithm), string(k.State), when(k.Active), when(k.Retires), when(k.Drops)})
	}
	return s.print(views, t)
}

func newKeyRotate(s *shared) *cobra.Command {
	var use string
	cmd := &cobra.Command{
		Use:   "rotate",
		Short: "hand over to new keys now, ahead of the calendar",
		Long: "Make new keys and hand over to them once every server has read them, a few seconds later. What the earlier\n" +
			"keys made stays valid: it runs out by itself.",
		Example: "  oauth2d key rotate --direct\n  oauth2d key rotate --direct --use mac",
		Args:    noArgs,
	}
	cmd.Flags().StringVar(&use, "use", keyring.UseSign, "which keys: sign (JWTs), mac (codes, refresh tokens), pepper (client secrets)")
	return s.direct(cmd, func(ctx context.Context, d *app.Direct, _ []string) error {
		if use != keyring.UseSign && use != keyring.UseMAC && use != keyring.UsePepper {
			return usage("--use %s: is none of sign, mac, pepper", use)
		}
		if err := d.Ring.Rotate(ctx, use); err != nil {
			return err
		}
		s.say("new %s keys are made; they serve in a few seconds", use)
		return s.printKeys(d)
	})
}
