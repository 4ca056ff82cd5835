package archive

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/recipe-web-app/oauth2d/internal/backup"
	"github.com/recipe-web-app/oauth2d/internal/cli/console"
	"github.com/recipe-web-app/oauth2d/internal/cli/exit"
	"github.com/recipe-web-app/oauth2d/internal/config"
)

// shownNames bounds the clients and users that a table names.
const shownNames = 50

// restoreFlags are the flags of a restore.
type restoreFlags struct {
	place
	keyFlags
	console.ConfirmFlags

	part   string
	keep   bool
	accept string
	into   string
}

func (c CLI) newRestore() *cobra.Command {
	var f restoreFlags
	cmd := &cobra.Command{
		Use:   "restore ARCHIVE",
		Short: "bring the records of an archive back into Redis",
		Long: "Bring the records of an archive back, into an empty Redis or into that of a running installation. Afterwards the\n" +
			"records are those of the backup: newer clients, users and sign-ins are gone. The audit log, revocations and counts\n" +
			"of attempts stay as they are.\n\n" +
			"The archive is read and checked as a whole before anything is changed. Then everything that was issued before\n" +
			"becomes void, so that a token that was revoked after the backup stays dead: people must sign in again.\n\n" +
			"The user of Redis needs all rights, such as `admin`. The settings must be those of the servers.",
		Example: `  # show what would change
  oauth2d backup restore latest --from /var/backups/oauth2d --identity-file backup-identity.txt --set redis.username=admin --dry-run

  # clients and users only
  oauth2d backup restore latest --from /var/backups/oauth2d --identity-file backup-identity.txt --set redis.username=admin \
    --part clients-and-users

  # the cache of other services, which has a Redis of its own
  oauth2d backup restore latest --kind cache --from /var/backups/oauth2d --into cache:6379 --set redis.username=admin`,
		Args: cobra.ExactArgs(1),
	}
	f.place.bind(cmd, "from")
	f.keyFlags.bind(cmd)
	f.Bind(cmd.Flags())
	cmd.Flags().StringVar(&f.part, "part", string(backup.Everything), "what is restored: everything, or clients-and-users")
	cmd.Flags().BoolVar(&f.keep, "keep-sign-ins", false, "keep tokens and sessions valid: for a move with all servers stopped since the backup")
	cmd.Flags().StringVar(&f.accept, "accept-version", "", "restore although another version of oauth2d took the backup; its version")
	cmd.Flags().StringVar(&f.into, "into", "", "HOST:PORT of the Redis to restore into, if it is not the one of the settings; user, password and TLS are the same")
	cmd.RunE = func(cmd *cobra.Command, args []string) error { return c.restore(cmd, args[0], f) }
	return cmd
}

func (c CLI) restore(cmd *cobra.Command, archive string, f restoreFlags) error {
	if parts := []string{string(backup.Everything), string(backup.ClientsAndUsers)}; f.part != parts[0] && f.part != parts[1] {
		return exit.NotOneOf("--part", f.part, parts)
	}
	if err := checkServer("--into", f.into); err != nil {
		return err
	}
	from, closing, err := f.open(cmd.Context(), c.Console, cmd, "from")
	if err != nil {
		return err
	}
	defer func() { _ = closing() }() // it was only read
	key, err := f.key(c.Console)
	if err != nil {
		return err
	}
	name, err := f.name(cmd.Context(), from, archive)
	if err != nil {
		return err
	}
	settings, err := c.Settings.Load(func(s *config.Sources) {
		if s.Tool = true; f.kind == string(backup.Cache) {
			s.Section = "redis"
		}
	})
	if err != nil {
		return err
	}
	if settings.Redis.Mode == "embedded" && f.into == "" {
		return exit.Usagef("%s: redis.mode is embedded, which other processes cannot reach; hint: name the server's Redis by redis.mode and redis.addrs", cmd.CommandPath())
	}
	settings.Redis = elsewhere(settings.Redis, f.into)
	r := &restorer{config: settings}
	p := &progress{c: c.Console, doing: "restore"}
	plan, err := r.restore(cmd.Context(), backup.RestoreOptions{
		Kind: backup.Kind(f.kind), From: from, Name: name, Key: key, Part: backup.Part(f.part), Version: c.Version, Accept: f.accept,
		DryRun: f.DryRun, KeepSignIns: f.keep, Progress: p.step,
		Confirm: func(plan backup.Plan) (bool, error) { p.end(); return c.confirm(f, plan) },
	})
	p.end()
	if err != nil {
		return refused(cmd, err)
	}
	return c.printPlan(plan)
}

// errNotEmpty refuses a restore of a script that would replace records.
var errNotEmpty = errors.New("the installation is not empty; hint: look at --dry-run, and add --yes to replace its records")

// confirm asks before records of an installation are replaced or removed.
func (c CLI) confirm(f restoreFlags, plan backup.Plan) (bool, error) {
	lost := int64(0)
	for _, change := range plan.Changes {
		lost += change.Replace + change.Remove
	}
	if lost == 0 || f.Yes {
		return true, nil
	}
	if !c.Console.Terminal {
		return false, &exit.Error{Code: exit.Refused, Err: errNotEmpty}
	}
	if err := c.changes(plan).Print(c.Console.Err, c.Console.Width); err != nil {
		return false, err
	}
	return c.Console.Confirm(f.ConfirmFlags, "replace or remove %d records by the backup of %s, and end the sign-ins of %d people",
		lost, plan.Manifest.Created.UTC().Format(time.RFC3339), plan.People)
}

// planView is the printed form of a restore.
type planView struct {
	Archive string          `json:"archive"`
	Created time.Time       `json:"created"`
	Part    backup.Part     `json:"part"`
	Done    bool            `json:"done"`
	Changes []backup.Change `json:"changes"`
	Expired int64           `json:"expired"`
	People  int64           `json:"must_sign_in_again"`
	Named   []backup.Named  `json:"clients_and_users,omitempty"`
}

func (c CLI) changes(plan backup.Plan) console.Table {
	t := console.Table{Head: []string{"records", "add", "replace", "of these equal", "remove", "keep"}}
	n := func(v int64) string { return strconv.FormatInt(v, 10) }
	for _, one := range plan.Changes {
		same := "-"
		if plan.Compared {
			same = n(one.Same)
		}
		t.Rows = append(t.Rows, []string{one.Kind, n(one.Add), n(one.Replace), same, n(one.Remove), n(one.Keep)})
	}
	return t
}

func (c CLI) printPlan(plan backup.Plan) error {
	v := planView{
		Archive: plan.Name, Created: plan.Manifest.Created, Part: plan.Part, Done: plan.Done, Changes: plan.Changes, Expired: plan.Expired,
		People: plan.People, Named: plan.Named,
	}
	if err := c.Console.Print(v, c.changes(plan)); err != nil || c.Console.Output != "table" {
		return err
	}
	byChange := map[string][]string{}
	for _, one := range plan.Named {
		head := one.Does + " " + one.Kind
		byChange[head] = append(byChange[head], one.ID)
	}
	for _, does := range []string{"add", "replace", "remove"} {
		for _, kind := range []string{"client", "user"} {
			if ids := byChange[does+" "+kind]; len(ids) > 0 {
				c.say(does, kind, ids)
			}
		}
	}
	if plan.Expired > 0 {
		c.Console.Say("%d records of the archive have expired and are left out", plan.Expired)
	}
	switch {
	case plan.Done && plan.People > 0:
		c.Console.Say("the backup of %s is restored; %d people must sign in again", plan.Manifest.Created.UTC().Format(time.RFC3339), plan.People)
	case plan.Done:
		c.Console.Say("the backup of %s is restored", plan.Manifest.Created.UTC().Format(time.RFC3339))
	default:
		c.Console.Say("dry run: nothing was changed; %d people would have to sign in again", plan.People)
	}
	return nil
}

// say names clients or users that change.
func (c CLI) say(does, kind string, ids []string) {
	more := ""
	if len(ids) > shownNames {
		more = fmt.Sprintf(" and %d more (--output json names all)", len(ids)-shownNames)
		ids = ids[:shownNames]
	}
	c.Console.Say("%s %s: %s%s", does, kind, strings.Join(ids, ", "), more)
}
