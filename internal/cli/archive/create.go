package archive

import (
	"fmt"
	"io"
	"os"
	"time"

	"github.com/spf13/cobra"

	"github.com/recipe-web-app/oauth2d/internal/app"
	"github.com/recipe-web-app/oauth2d/internal/backup"
	"github.com/recipe-web-app/oauth2d/internal/cli/command"
	"github.com/recipe-web-app/oauth2d/internal/cli/console"
	"github.com/recipe-web-app/oauth2d/internal/cli/exit"
	"github.com/recipe-web-app/oauth2d/internal/config"
	"github.com/recipe-web-app/oauth2d/internal/redis/snapshot"
)

// createNew creates a file for its owner alone.
func createNew(file string) (io.WriteCloser, error) {
	return os.OpenFile(file, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600) //nolint:gosec // G304: the operator names it
}

func (c CLI) newCreate() *cobra.Command {
	var (
		at   place
		lock lockFlags
		rest followUp
	)
	cmd := &cobra.Command{
		Use:   "create",
		Short: "take a backup",
		Long: "Write all records of Redis into an archive: compressed, encrypted, with checksums and a manifest. The records are\n" +
			"those of one instant. Redis sends them as to a replica: it forks, and answers its clients meanwhile. A replica is\n" +
			"asked, if there is one, and the master otherwise; in a cluster each shard is asked at the same time.\n\n" +
			"With --second the archive is copied to a second place and read back there; with --keep or --keep-for old archives are\n" +
			"deleted in both, as by `backup prune`. When all of it is done, the time of the backup is recorded in Redis\n" +
			"(auth:backup:KIND), and every server shows it as a metric.\n\n" +
			"The settings of Redis are enough. The user of Redis needs the rights of `backup` (deploy/redis/users.acl).",
		Example: `  # as the user backup, to one recipient
  OAUTH2D_REDIS_PASSWORD_FILE=/run/secrets/backup oauth2d backup create --config oauth2d.yaml --set redis.username=backup \
    --to /var/backups/oauth2d --recipient age1...

  # the cache of other services
  oauth2d backup create --kind cache --source cache:6379 --to /var/backups/oauth2d --no-encryption

  # in two clouds, keeping the newest 28 and those of the last 30 days
  oauth2d backup create --to 's3://backups/oauth2d?region=eu-central-1' --second gs://backups-elsewhere/oauth2d \
    --recipient age1... --keep 28 --keep-for 30d`,
		Args: command.NoArgs,
	}
	at.bind(cmd, "to")
	lock.bind(cmd)
	rest.bind(cmd)
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		if err := rest.open(cmd); err != nil {
			return err
		}
		defer rest.close()
		to, closing, err := at.open(cmd.Context(), c.Console, cmd, "to")
		if err != nil {
			return err
		}
		defer func() { _ = closing() }() // all is committed
		locked, err := lock.lock(c.Console)
		if err != nil {
			return err
		}
		return c.create(cmd, backup.CreateOptions{Kind: backup.Kind(at.kind), To: to, Lock: locked, Version: c.Version, Now: time.Now}, rest)
	}
	return cmd
}

func (c CLI) create(cmd *cobra.Command, o backup.CreateOptions, rest followUp) error {
	settings, err := c.Settings.Load(func(from *config.Sources) { from.Tool, from.Section = true, "redis" })
	if err != nil {
		return err
	}
	if settings.Redis.Mode == "embedded" {
		return exit.Usagef("%s: redis.mode is embedded, which other processes cannot reach and which ends with its server; hint: name the server's Redis by redis.mode and redis.addrs", cmd.CommandPath())
	}
	i, err := app.OpenInspector(cmd.Context(), elsewhere(settings.Redis, rest.source))
	if err != nil {
		return &exit.CommandError{Doing: cmd.CommandPath(), Err: err}
	}
	defer i.Close()
	p := &progress{c: c.Console, doing: "backup"}
	o.From, o.Progress = snapshot.NewReader(i.DB), p.step
	m, err := backup.Create(cmd.Context(), o)
	p.end()
	if err == nil {
		err = rest.run(cmd, settings.Redis, o.To, m)
	}
	if err != nil {
		return refused(cmd, err)
	}
	return c.printManifest(m)
}

func (c CLI) newVerify() *cobra.Command {
	var (
		at  place
		key keyFlags
	)
	cmd := &cobra.Command{
		Use:   "verify ARCHIVE",
		Short: "check that an archive is whole and can be opened",
		Long: "Read an archive to its end, compare every checksum and every count, and print its manifest. `latest` is the newest\n" +
			"archive of a kind. Redis is not asked.",
		Example: "  oauth2d backup verify latest --from /var/backups/oauth2d --identity-file backup-identity.txt",
		Args:    cobra.ExactArgs(1),
	}
	at.bind(cmd, "from")
	key.bind(cmd)
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		from, closing, err := at.open(cmd.Context(), c.Console, cmd, "from")
		if err != nil {
			return err
		}
		defer func() { _ = closing() }() // all is committed
		opened, err := key.key(c.Console)
		if err != nil {
			return err
		}
		name, err := at.name(cmd.Context(), from, args[0])
		if err != nil {
			return err
		}
		p := &progress{c: c.Console, doing: "verify"}
		v, err := backup.Verify(cmd.Context(), from, name, opened, p.step)
		p.end()
		if err != nil {
			return refused(cmd, err)
		}
		if !v.Listed {
			c.Console.Say("the archive is whole, but its manifest %s is missing, so listings leave it out", backup.ManifestName(name))
		}
		return c.printManifest(v.Manifest)
	}
	return cmd
}

// printManifest prints a manifest: for people the most important lines of it.
func (c CLI) printManifest(m backup.Manifest) error {
	return c.Console.Print(m, console.Table{Head: manifestHead(), Rows: [][]string{c.manifestRow(m)}})
}

func manifestHead() []string {
	return []string{"archive", "kind", "created", "records", "size", "encryption", "version"}
}

func (c CLI) manifestRow(m backup.Manifest) []string {
	return []string{m.Archive.Name, string(m.Kind), c.Console.When(m.Created), fmt.Sprint(m.Keys), size(m.Archive.Size), m.Encryption, m.Version}
}
