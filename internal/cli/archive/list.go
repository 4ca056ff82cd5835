package archive

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/recipe-web-app/oauth2d/internal/backup"
	"github.com/recipe-web-app/oauth2d/internal/cli/command"
	"github.com/recipe-web-app/oauth2d/internal/cli/console"
	"github.com/recipe-web-app/oauth2d/internal/cli/exit"
)

func (c CLI) newList() *cobra.Command {
	at := place{anyKind: true}
	cmd := &cobra.Command{
		Use:   "list",
		Short: "list the backups of a place",
		Long: "List the complete backups of a folder or bucket, the newest first. Their manifests are read, not the archives, so\n" +
			"no key is needed; `backup verify` reads an archive.",
		Example: `  oauth2d backup list --from /var/backups/oauth2d
  oauth2d backup list --from 's3://backups/oauth2d?region=eu-central-1' --kind cache -o json`,
		Args: command.NoArgs,
	}
	at.bind(cmd, "from")
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		from, closing, err := at.open(cmd.Context(), c.Console, cmd, "from")
		if err != nil {
			return err
		}
		defer func() { _ = closing() }() // nothing is in flight
		all, err := backup.Manifests(cmd.Context(), from)
		if at.kind != "" {
			all = slices.DeleteFunc(all, func(m backup.Manifest) bool { return string(m.Kind) != at.kind })
		}
		if err != nil && len(all) == 0 {
			return refused(cmd, err)
		}
		if err != nil { // beside those that can be read
			c.Console.Say("not all manifests can be read: %s", strings.ReplaceAll(err.Error(), "\n", "; "))
		}
		return c.printManifests(all)
	}
	return cmd
}

// printManifests prints a list as printManifest prints one.
func (c CLI) printManifests(all []backup.Manifest) error {
	t := console.Table{Head: manifestHead()}
	for _, m := range all {
		t.Rows = append(t.Rows, c.manifestRow(m))
	}
	return c.Console.Print(all, t)
}

// retentionFlags say which backups stay.
type retentionFlags struct {
	keep    int
	keepFor time.Duration
}

func (r *retentionFlags) bind(cmd *cobra.Command, after string) {
	cmd.Flags().IntVar(&r.keep, "keep", 0, after+"keep the newest so many backups of the kind")
	command.DurationVar(cmd.Flags(), &r.keepFor, "keep-for", after+"keep backups that are younger, such as 30d")
}

func (r *retentionFlags) given() bool { return r.keep != 0 || r.keepFor != 0 }

func (r *retentionFlags) check() error {
	if r.keep < 0 || r.keepFor < 0 {
		return exit.Usagef("--keep and --keep-for must not be negative")
	}
	return nil
}

// prunedView is the printed form of what was deleted.
type prunedView struct {
	In      string            `json:"in"`
	DryRun  bool              `json:"dry_run"`
	Good    string            `json:"newest_whole,omitempty"`
	Kept    int               `json:"kept"`
	Deleted []backup.Manifest `json:"deleted"`
	Orphans []string          `json:"incomplete,omitempty"`
}

func (c CLI) newPrune() *cobra.Command {
	var (
		at      place
		rule    retentionFlags
		confirm console.ConfirmFlags
	)
	cmd := &cobra.Command{
		Use:   "prune",
		Short: "delete old backups",
		Long: "Delete the backups of a kind that neither --keep nor --keep-for keeps, and what interrupted backups left more than\n" +
			"a day ago. The newest archive is read first: the newest one whose checksum is right always stays, and without one\n" +
			"nothing is deleted.",
		Example: `  # the newest 28, and those of the last 30 days
  oauth2d backup prune --from /var/backups/oauth2d --keep 28 --keep-for 30d`,
		Args: command.NoArgs,
	}
	at.bind(cmd, "from")
	rule.bind(cmd, "")
	confirm.Bind(cmd.Flags())
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		if err := rule.check(); err != nil {
			return err
		}
		if !rule.given() {
			return exit.Usagef("%s: name what stays, by --keep or --keep-for or both", cmd.CommandPath())
		}
		from, closing, err := at.open(cmd.Context(), c.Console, cmd, "from")
		if err != nil {
			return err
		}
		defer func() { _ = closing() }() // nothing is in flight
		would, err := c.prune(cmd, from, at.kind, rule, true)
		if err != nil {
			return refused(cmd, err)
		}
		if !confirm.DryRun && len(would.Deleted)+len(would.Orphans) > 0 {
			if ok, err := c.Console.Confirm(confirm, "delete %d backups and %d incomplete archives from %s", len(would.Deleted), len(would.Orphans), from); !ok {
				return err
			}
			if would, err = c.prune(cmd, from, at.kind, rule, false); err != nil {
				return refused(cmd, err)
			}
		}
		return c.printPruned(prunedView{
			In: from.String(), DryRun: confirm.DryRun, Good: would.Good, Kept: len(would.Kept), Deleted: would.Deleted, Orphans: would.Orphans,
		})
	}
	return cmd
}

func (c CLI) prune(cmd *cobra.Command, in backup.Destination, kind string, r retentionFlags, dry bool) (backup.Pruned, error) {
	return backup.Prune(cmd.Context(), in, backup.Retention{Kind: backup.Kind(kind), Keep: r.keep, Age: r.keepFor}, time.Now(), dry)
}

func (c CLI) printPruned(v prunedView) error {
	if c.Console.Output != "table" {
		return c.Console.Print(v, console.Table{})
	}
	verb := "deleted"
	if v.DryRun {
		verb = "dry run: would delete"
	}
	for _, m := range v.Deleted {
		fmt.Fprintln(c.Console.Out, m.Archive.Name)
	}
	for _, name := range v.Orphans {
		fmt.Fprintln(c.Console.Out, name)
	}
	c.Console.Say("%s %d backups and %d incomplete archives; %d stay", verb, len(v.Deleted), len(v.Orphans), v.Kept)
	return nil
}
