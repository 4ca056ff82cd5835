package main

import (
	"context"
	"time"

	"github.com/spf13/cobra"

	"github.com/recipe-web-app/oauth2d/internal/http/adminclient"
	"github.com/recipe-web-app/oauth2d/internal/http/adminwire"
)

func newClientSecrets(s *shared) *cobra.Command {
	cmd := &cobra.Command{
		Use:     "secrets ID",
		Short:   "list a client's secrets by id and expiry; the secrets themselves are not stored",
		Example: "  oauth2d client secrets planner --direct",
		Args:    oneArg("the id of a client"),
	}
	return s.operate(cmd, func(ctx context.Context, api *adminclient.Client, args []string) error {
		secrets, err := api.Secrets(ctx, args[0])
		if err != nil {
			return err
		}
		t := table{head: []string{"secret id", "scheme", "created", "expires"}}
		for _, one := range secrets {
			t.rows = append(t.rows, []string{one.ID, one.Scheme, s.when(one.Created), s.when(one.Expires)})
		}
		return s.print(secrets, t)
	})
}

func newClientRotateSecret(s *shared) *cobra.Command {
	var overlap, life time.Duration
	cmd := &cobra.Command{
		Use:   "rotate-secret ID",
		Short: "make a new secret; the earlier ones stay good for the overlap",
		Example: `  # the old secret works for another day
  oauth2d client rotate-secret planner --direct

  # the old secret leaked
  oauth2d client rotate-secret planner --direct --overlap 0`,
		Args: oneArg("the id of a client"),
	}
	overlap = 24 * time.Hour
	durationVar(cmd.Flags(), &overlap, "overlap", "how long the earlier secrets stay good; 0: they end at once")
	durationVar(cmd.Flags(), &life, "expires-in", "life of the new secret; 0: for ever")
	return s.operate(cmd, func(ctx context.Context, api *adminclient.Client, args []string) error {
		if overlap%time.Second != 0 || life%time.Second != 0 {
			// Cut to seconds, a short life would be 0, which is for ever.
			return usage("%s: --overlap and --expires-in are whole seconds", cmd.CommandPath())
		}
		seconds := int64(overlap / time.Second)
		made, err := api.CreateSecret(ctx, args[0], adminwire.SecretCreate{Overlap: &seconds, ExpiresIn: int64(life / time.Second)})
		if err != nil {
			return inWords(err, clientWords())
		}
		if err := s.reveal(ofClient(args[0], "has a new secret"), made.Value, made); err != nil || s.output != "table" {
			return err
		}
		s.say("above is the new secret %s of client %s: keep it where the client reads it, it cannot be shown again; the earlier ones end in %s",
			made.ID, args[0], overlap)
		return nil
	})
}

func newClientDropSecret(s *shared) *cobra.Command {
	var c care
	cmd := &cobra.Command{
		Use:     "drop-secret ID SECRET-ID",
		Short:   "end one secret of a client at once",
		Example: "  oauth2d client secrets planner --direct\n  oauth2d client drop-secret planner s_a1b2c3 --direct",
		Args:    manyArgs(2, "the id of a client and the id of a secret"),
	}
	c.bind(cmd)
	return s.operate(cmd, func(ctx context.Context, api *adminclient.Client, args []string) error {
		if ok, err := s.sure(c, "end secret %s of client %s", args[1], args[0]); !ok {
			return err
		}
		if err := api.DeleteSecret(ctx, args[0], args[1]); err != nil {
			return err
		}
		s.say("secret %s of client %s has ended", args[1], args[0])
		return nil
	})
}
