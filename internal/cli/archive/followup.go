package archive

import (
	"context"
	"fmt"
	"net"
	"time"

	"github.com/spf13/cobra"

	"github.com/recipe-web-app/oauth2d/internal/app"
	"github.com/recipe-web-app/oauth2d/internal/backup"
	"github.com/recipe-web-app/oauth2d/internal/backup/bucket"
	"github.com/recipe-web-app/oauth2d/internal/cli/exit"
	"github.com/recipe-web-app/oauth2d/internal/config"
	"github.com/recipe-web-app/oauth2d/internal/redis/redisconn"
	"github.com/recipe-web-app/oauth2d/internal/redis/serverstore"
	"github.com/recipe-web-app/oauth2d/internal/store"
)

// followUp holds the steps of a backup after its archive is written, and the flags that change them.
type followUp struct {
	second string
	source string
	rule   retentionFlags
	to     backup.Destination // second, opened; nil: none
	closes func() error
}

func (f *followUp) bind(cmd *cobra.Command) {
	cmd.Flags().StringVar(&f.second, "second", "", "folder or bucket that gets a copy, such as one in another region or cloud")
	cmd.Flags().StringVar(&f.source, "source", "", "HOST:PORT of the Redis to read, if it is not the one of the settings; user, password and TLS are the same")
	f.rule.bind(cmd, "afterwards ")
}

// open checks the flags and opens the second destination, before anything is read.
func (f *followUp) open(cmd *cobra.Command) (err error) {
	if err := f.rule.check(); err != nil {
		return err
	}
	if err := checkServer("--source", f.source); err != nil {
		return err
	}
	if f.second != "" {
		f.to, f.closes, err = bucket.Open(cmd.Context(), f.second)
	}
	return err
}

func (f *followUp) close() {
	if f.closes != nil {
		_ = f.closes() // all is committed
	}
}

// checkServer checks a flag that names a server.
func checkServer(flag, addr string) error {
	if _, _, err := net.SplitHostPort(addr); addr != "" && err != nil {
		return exit.Usagef("%s %s: must be HOST:PORT", flag, addr)
	}
	return nil
}

// elsewhere returns the settings of another Redis; "" is the one of the settings.
func elsewhere(c config.Redis, addr string) config.Redis {
	if addr != "" {
		c.Mode, c.Addrs, c.DB = "standalone", []string{addr}, 0
	}
	return c
}

// run copies the archive, records the backup, and deletes old ones. A backup whose copy failed is not recorded.
func (f *followUp) run(cmd *cobra.Command, c config.Redis, first backup.Destination, m backup.Manifest) error {
	ctx := cmd.Context()
	if f.to != nil {
		if err := backup.Copy(ctx, first, f.to, m); err != nil {
			return fmt.Errorf("%s is complete in %s; its copy is not: %w", m.Archive.Name, first, err)
		}
	}
	if err := record(ctx, c, m); err != nil {
		return fmt.Errorf("%s is complete in %s; the time of the backup could not be recorded in Redis, so no metric shows it: %w", m.Archive.Name, first, err)
	}
	if !f.rule.given() {
		return nil
	}
	for _, in := range []backup.Destination{first, f.to} {
		if in == nil {
			continue
		}
		if _, err := backup.Prune(ctx, in, backup.Retention{Kind: m.Kind, Keep: f.rule.keep, Age: f.rule.keepFor}, time.Now(), false); err != nil {
			return fmt.Errorf("%s is complete; old archives could not be deleted: %w", m.Archive.Name, err)
		}
	}
	return nil
}

// record records the backup in Redis, so that every server can report its age. The user backup has no rights for the proof of
// strict durability: a lost record makes an alert fire, and nothing worse.
func record(ctx context.Context, c config.Redis, m backup.Manifest) error {
	c.Durability = string(redisconn.Relaxed)
	i, err := app.OpenInspector(ctx, c)
	if err != nil {
		return err
	}
	defer i.Close()
	return serverstore.NewBackups(i.DB).Record(ctx, store.BackupRecord{Kind: store.BackupKind(m.Kind), At: m.Created, Size: m.Archive.Size})
}
