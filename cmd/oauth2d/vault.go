package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"
)

// vault is where secrets go that were generated for several clients at once.
type vault struct{ dir string }

func (v *vault) bind(cmd *cobra.Command) {
	cmd.Flags().StringVar(&v.dir, "secrets-dir", "", "folder for generated secrets, one file a client that only you can read; empty: they are printed once")
}

// ready makes sure, before anything is generated, that it can be kept.
func (v vault) ready() error {
	if v.dir == "" {
		return nil
	}
	if info, err := os.Stat(v.dir); err != nil || !info.IsDir() {
		return usage("--secrets-dir %s: is not a folder", v.dir)
	}
	return nil
}

// keep puts a generated secret into its file, or prints it alone on its line. The empty secret is none.
func (v vault) keep(s *shared, id, secret string) error {
	switch {
	case secret == "":
		return nil
	case v.dir == "" && s.output == "table":
		s.say("the secret of client %s, which cannot be shown again:", id)
		return s.reveal(ofClient(id, "is registered"), secret, nil)
	case v.dir == "":
		return nil // it stands in what is printed at the end
	}
	name := filepath.Join(v.dir, id)
	if err := writeSecret(name, secret); err != nil {
		return v.lost(s, id, secret, err)
	}
	s.say("the secret of client %s is in %s", id, name)
	return nil
}

// writeSecret writes a file that only this user can read, and leaves no half of one behind.
func writeSecret(name, secret string) error {
	err := os.Remove(name) // of an earlier client, perhaps with other rights
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	f, err := os.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600) //nolint:gosec // G304: the operator names the folder
	if err != nil {
		return err
	}
	_, err = f.WriteString(secret + "\n")
	if err == nil {
		err = f.Sync() // a full disk may be noticed here
	}
	if err = errors.Join(err, f.Close()); err != nil {
		_ = os.Remove(name) // half a secret is of no use
	}
	return err
}

// lost prints a secret that could not be kept: it exists nowhere else. err is why it could not be kept.
func (v vault) lost(s *shared, id, secret string, err error) error {
	if _, printed := fmt.Fprintln(s.out, secret); printed != nil {
		return ofClient(id, "is registered").lost(err)
	}
	s.say("the secret of client %s could not be written to its file; it stands on standard output and cannot be shown again", id)
	return err
}

// lostSecrets is the failure to print a result that holds generated secrets, one error a client.
func lostSecrets(ids []string, err error) error {
	if err == nil || len(ids) == 0 {
		return err
	}
	var all []error
	for _, id := range ids {
		all = append(all, ofClient(id, "is registered").lost(err))
	}
	return errors.Join(all...)
}
