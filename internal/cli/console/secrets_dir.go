package console

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/spf13/pflag"

	"github.com/recipe-web-app/oauth2d/internal/cli/exit"
	"github.com/recipe-web-app/oauth2d/internal/secret"
)

// SecretsDir is the folder for secrets that are generated for several clients at once.
type SecretsDir struct{ dir string }

// Bind adds the flag.
func (v *SecretsDir) Bind(flags *pflag.FlagSet) {
	flags.StringVar(&v.dir, "secrets-dir", "", "folder for generated secrets, one file for each client, readable only by you; empty: secrets are printed once")
}

// Keeps reports whether secrets are written to a folder.
func (v SecretsDir) Keeps() bool { return v.dir != "" }

// Ready checks the folder before anything is generated.
func (v SecretsDir) Ready() error {
	if v.dir == "" {
		return nil
	}
	if info, err := os.Stat(v.dir); err != nil || !info.IsDir() {
		return exit.Usagef("--secrets-dir %s: is not a folder", v.dir)
	}
	return nil
}

// Keep writes a generated secret into its file, or prints it alone on its line. It ignores the empty secret.
func (v SecretsDir) Keep(c *Console, id string, text secret.Text) error {
	switch {
	case text == "":
		return nil
	case v.dir == "" && c.Output == "table":
		c.Say("the secret of client %s, which cannot be shown again:", id)
		return c.Reveal(ClientSecret(id, "is registered"), text, nil)
	case v.dir == "":
		return nil // the result at the end contains it
	}
	name := filepath.Join(v.dir, id)
	if err := writeSecret(name, text); err != nil {
		return v.lost(c, id, text, err)
	}
	c.Say("the secret of client %s is in %s", id, name)
	return nil
}

// writeSecret writes a file that only this user can read. It removes an incomplete file.
func writeSecret(name string, text secret.Text) error {
	err := os.Remove(name) // of an earlier client, perhaps with other permissions
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	f, err := os.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600) //nolint:gosec // G304: the operator names the folder
	if err != nil {
		return err
	}
	_, err = f.WriteString(text.Reveal() + "\n")
	if err == nil {
		err = f.Sync() // a full disk may be noticed here
	}
	if err = errors.Join(err, f.Close()); err != nil {
		_ = os.Remove(name) // incomplete
	}
	return err
}

// lost prints a secret that could not be written to its file, because it exists nowhere else. err is the reason.
func (v SecretsDir) lost(c *Console, id string, text secret.Text, err error) error {
	if _, printed := fmt.Fprintln(c.Out, text.Reveal()); printed != nil {
		return ClientSecret(id, "is registered").lost(err)
	}
	c.Say("the secret of client %s could not be written to its file; it stands on standard output and cannot be shown again", id)
	return err
}

// LostSecrets returns one error for each client whose generated secret was in a result that could not be printed.
func LostSecrets(ids []string, err error) error {
	if err == nil || len(ids) == 0 {
		return err
	}
	var all []error
	for _, id := range ids {
		all = append(all, ClientSecret(id, "is registered").lost(err))
	}
	return errors.Join(all...)
}
