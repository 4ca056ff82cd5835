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
		fmt.Fprintln(s.out, secret)
		return nil
	case v.dir == "":
		return nil // it stands in what is printed at the end
	}
	name := filepath.Join(v.dir, id)
	err := os.Remove(name) // of an earlier client, perhaps with other rights
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return v.lost(s, id, secret, err)
	}
	if err := os.WriteFile(name, []byte(secret+"\n"), 0o600); err != nil {
		return v.lost(s, id, secret, err)
	}
	s.say("the secret of client %s is in %s", id, name)
	return nil
}

// lost prints a secret that could not be kept: it exists nowhere else.
func (v vault) lost(s *shared, id, secret string, err error) error {
	s.say("the secret of client %s could not be written and cannot be shown again:", id)
	fmt.Fprintln(s.out, secret)
	return err
}
