package main

import (
	"context"

	"github.com/spf13/cobra"

	"github.com/recipe-web-app/oauth2d/internal/http/adminclient"
	"github.com/recipe-web-app/oauth2d/internal/http/adminwire"
	"github.com/recipe-web-app/oauth2d/internal/keyring"
)

func newKey(s *shared) *cobra.Command {
	return group("key", "look after the server's own keys", newKeyList(s), newKeyRotate(s), newKeyDrop(s))
}

func newKeyList(s *shared) *cobra.Command {
	cmd := &cobra.Command{
		Use:     "list",
		Short:   "list the server's keys and their calendar",
		Example: "  oauth2d key list --direct",
		Args:    noArgs,
	}
	return s.operate(cmd, func(ctx context.Context, api *adminclient.Client, _ []string) error {
		keys, err := api.Keys(ctx)
		if err != nil {
			return err
		}
		return s.printKeys(keys)
	})
}

func (s *shared) printKeys(keys []adminwire.Key) error {
	t := table{head: []string{"id", "use", "algorithm", "state", "active", "retires", "drops"}}
	for _, k := range keys {
		t.rows = append(t.rows, []string{k.ID, k.Use, orDash(k.Algorithm), k.State, s.when(k.Active), s.when(k.Retires), s.when(k.Drops)})
	}
	return s.print(keys, t)
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
	return s.operate(cmd, func(ctx context.Context, api *adminclient.Client, _ []string) error {
		if use != keyring.UseSign && use != keyring.UseMAC && use != keyring.UsePepper {
			return oneOf("--use", use, []string{keyring.UseSign, keyring.UseMAC, keyring.UsePepper})
		}
		keys, err := api.RotateKeys(ctx, use)
		if err != nil {
			return err
		}
		s.say("new %s keys are made; they serve in a few seconds", use)
		return s.printKeys(keys)
	})
}

func newKeyDrop(s *shared) *cobra.Command {
	var c care
	cmd := &cobra.Command{
		Use:   "drop KID",
		Short: "take a key away at once, because it leaked; what it made is worthless from then on",
		Long: "Take a key out of the ring for good. Everything that it signed or sealed is refused from then on: JWTs of a\n" +
			"sign key, codes and refresh tokens of a mac key, client secrets of a pepper. Rotate first, so that another\n" +
			"key serves.",
		Example: "  oauth2d key rotate --direct\n  oauth2d key drop es256-0a1b2c3d --direct",
		Args:    oneArg("the id of a key"),
	}
	c.bind(cmd)
	return s.operate(cmd, func(ctx context.Context, api *adminclient.Client, args []string) error {
		if ok, err := s.sure(c, "drop key %s, so that everything it made is refused", args[0]); !ok {
			return err
		}
		if err := api.DropKey(ctx, args[0]); err != nil {
			return err
		}
		s.say("key %s is gone", args[0])
		return nil
	})
}
