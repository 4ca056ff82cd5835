package archive

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/spf13/cobra"

	"github.com/recipe-web-app/oauth2d/internal/backup"
	"github.com/recipe-web-app/oauth2d/internal/backup/bucket"
	"github.com/recipe-web-app/oauth2d/internal/cli/command"
	"github.com/recipe-web-app/oauth2d/internal/cli/console"
	"github.com/recipe-web-app/oauth2d/internal/cli/exit"
	"github.com/recipe-web-app/oauth2d/internal/cli/settings"
	"github.com/recipe-web-app/oauth2d/internal/secret"
)

// CLI holds the parts that the commands share.
type CLI struct {
	Console  *console.Console
	Settings *settings.Flags
	Version  string // of this program
}

// Command returns the group of commands.
func (c CLI) Command() *cobra.Command {
	return command.Group("backup", "take, verify and restore backups of Redis", c.newCreate(), c.newVerify(), c.newRestore(), c.newList(), c.newPrune(), c.newKeygen())
}

// latest stands for the newest archive of a kind.
const latest = "latest"

// place holds the flags that name an archive.
type place struct {
	where   string
	kind    string
	anyKind bool // the kind may be left open
}

func (p *place) bind(cmd *cobra.Command, flag string) {
	cmd.Flags().StringVar(&p.where, flag, "", "folder of the archives, or bucket such as s3://backups/oauth2d (or OAUTH2D_CLI_BACKUP)")
	usual := string(backup.Auth)
	if p.anyKind {
		usual = ""
	}
	cmd.Flags().StringVar(&p.kind, "kind", usual, "what the backup is of: auth, or cache (the cache of other services)")
}

// open checks the flags and opens the destination.
func (p *place) open(ctx context.Context, c *console.Console, cmd *cobra.Command, flag string) (_ backup.Destination, closing func() error, err error) {
	var kinds []string
	for _, k := range backup.Kinds() {
		kinds = append(kinds, string(k))
	}
	if !slices.Contains(kinds, p.kind) && (p.kind != "" || !p.anyKind) {
		return nil, nil, exit.NotOneOf("--kind", p.kind, kinds)
	}
	if p.where == "" {
		p.where = c.Getenv("OAUTH2D_CLI_BACKUP")
	}
	if p.where == "" {
		return nil, nil, exit.Usagef("%s: --%s is missing; hint: name the folder or the bucket of the archives", cmd.CommandPath(), flag)
	}
	return bucket.Open(ctx, p.where)
}

// name returns the name of an archive; latest is the newest one of the kind.
func (p *place) name(ctx context.Context, in backup.Destination, asked string) (string, error) {
	if asked != latest {
		return asked, nil
	}
	all, err := backup.Manifests(ctx, in)
	for _, m := range all {
		if string(m.Kind) == p.kind {
			return m.Archive.Name, nil
		}
	}
	return "", &exit.Error{Code: exit.NotFound, Err: errors.Join(fmt.Errorf("%s has no complete backup of kind %s", in, p.kind), err)}
}

// keyFlags name what opens an archive.
type keyFlags struct{ identity, passphrase string }

func (k *keyFlags) bind(cmd *cobra.Command) {
	cmd.Flags().StringVar(&k.identity, "identity-file", "", "file with the age identity that opens the archive; -: standard input")
	cmd.Flags().StringVar(&k.passphrase, "passphrase-file", "", "file with the passphrase of the archive; -: standard input")
}

func (k *keyFlags) key(c *console.Console) (backup.Key, error) {
	switch {
	case k.identity != "" && k.passphrase != "":
		return backup.Key{}, exit.Usagef("--identity-file and --passphrase-file cannot be combined")
	case k.identity != "":
		raw, err := c.ReadFile(k.identity)
		if err != nil {
			return backup.Key{}, err
		}
		key, err := backup.KeyFrom(raw)
		if err != nil {
			return backup.Key{}, exit.Usagef("--identity-file %s: %w", k.identity, err)
		}
		return key, nil
	case k.passphrase != "":
		text, err := c.ReadSecret(k.passphrase)
		if err != nil {
			return backup.Key{}, err
		}
		return backup.KeyOf(text)
	}
	return backup.Key{}, nil
}

// lockFlags name what encrypts an archive.
type lockFlags struct {
	recipients []string
	passphrase string
	plain      bool
}

func (l *lockFlags) bind(cmd *cobra.Command) {
	cmd.Flags().StringArrayVar(&l.recipients, "recipient", nil, "age recipient (age1...) that can open the archive; may be repeated")
	cmd.Flags().StringVar(&l.passphrase, "passphrase-file", "", "file with a passphrase that opens the archive; -: standard input")
	cmd.Flags().BoolVar(&l.plain, "no-encryption", false, "write the archive in plain text")
}

func (l *lockFlags) lock(c *console.Console) (backup.Lock, error) {
	ways := 0
	for _, given := range []bool{l.plain, l.passphrase != "", len(l.recipients) > 0} {
		if given {
			ways++
		}
	}
	switch {
	case ways == 0:
		return backup.Lock{}, exit.Usagef("an archive holds secrets: encrypt it by --recipient or --passphrase-file; hint: oauth2d backup keygen makes a recipient; --no-encryption leaves it in plain text")
	case ways > 1:
		return backup.Lock{}, exit.Usagef("--recipient, --passphrase-file and --no-encryption cannot be combined")
	case l.plain:
		return backup.Lock{}, nil
	case l.passphrase != "":
		text, err := c.ReadSecret(l.passphrase)
		if err != nil {
			return backup.Lock{}, err
		}
		return wrong(backup.LockWith(text))
	}
	return wrong(backup.LockTo(l.recipients))
}

func wrong(l backup.Lock, err error) (backup.Lock, error) {
	if err != nil {
		err = exit.Usagef("%w", err)
	}
	return l, err
}

// refused adds the exit code to an error of package backup.
func refused(cmd *cobra.Command, err error) error {
	if err == nil {
		return nil
	}
	code := exit.CodeOf(err)
	switch {
	case errors.Is(err, backup.ErrNotFound):
		code = exit.NotFound
	case backup.Refused(err):
		code = exit.Refused
	}
	return &exit.Error{Code: code, Err: &exit.CommandError{Doing: cmd.CommandPath(), Err: err}}
}

// progress shows how far a command is, in one line of a terminal that is overwritten, at most a few times a second.
type progress struct {
	c     *console.Console
	doing string
	last  time.Time
	shown bool
}

func (p *progress) step(at backup.Progress) {
	if !p.c.Terminal || time.Since(p.last) < 200*time.Millisecond {
		return
	}
	p.last, p.shown = time.Now(), true
	fmt.Fprintf(p.c.Err, "\r%s: %d records, %s of values, archive %s ", p.doing, at.Keys, size(at.Bytes), size(at.Stored))
}

func (p *progress) end() {
	if p.shown {
		fmt.Fprintln(p.c.Err)
	}
	p.shown = false
}

// size formats a number of bytes.
func size(n int64) string {
	if n < 1<<20 {
		return fmt.Sprintf("%.1f KiB", float64(n)/(1<<10))
	}
	return fmt.Sprintf("%.1f MiB", float64(n)/(1<<20))
}

func (c CLI) newKeygen() *cobra.Command {
	return &cobra.Command{
		Use:   "keygen FILE",
		Short: "make a key pair for archives",
		Long: "Write a new age identity into a file that does not exist yet, and print its recipient. Backups are encrypted to\n" +
			"the recipient, which may be public. Keep the identity away from the servers and from the archives: with it every\n" +
			"archive can be read, and without it none. age-keygen makes the same.",
		Example: "  oauth2d backup keygen backup-identity.txt",
		Args:    cobra.ExactArgs(1),
		RunE: func(_ *cobra.Command, args []string) error {
			identity, recipient, err := backup.NewKeyPair()
			if err != nil {
				return err
			}
			if err := writeIdentity(args[0], identity, recipient); err != nil {
				return err
			}
			_, err = fmt.Fprintln(c.Console.Out, recipient)
			return err
		},
	}
}

func writeIdentity(file string, identity secret.Text, recipient string) error {
	out, err := createNew(file)
	if err != nil {
		return exit.Usagef("%s: %w; hint: name a file that does not exist yet", file, err)
	}
	_, err = fmt.Fprintf(out, "# recipient: %s\n%s\n", recipient, identity.Reveal())
	return errors.Join(err, out.Close())
}
