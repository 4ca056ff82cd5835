package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"golang.org/x/term"

	"github.com/recipe-web-app/oauth2d/internal/app"
	"github.com/recipe-web-app/oauth2d/internal/oauth"
	"github.com/recipe-web-app/oauth2d/internal/secret"
)

func newUser(s *shared) *cobra.Command {
	return group("user", "look after the built-in user directory", newUserCreate(s), newUserSetPassword(s), newUserUnlock(s), newUserList(s))
}

// passwordFlags say where a password comes from.
type passwordFlags struct {
	file     string
	generate bool
}

func (p *passwordFlags) bind(cmd *cobra.Command) {
	cmd.Flags().StringVar(&p.file, "password-file", "", "file with the password (- is standard input); empty: it is asked for")
	cmd.Flags().BoolVar(&p.generate, "generate", false, "make a password up and print it once")
}

// generatedPassword is how much chance a generated password holds, in bytes.
const generatedPassword = 15

// read gives the password, and whether it was made up here.
func (p *passwordFlags) read(s *shared) (password string, generated bool, err error) {
	if p.generate {
		return secret.NewToken(generatedPassword), true, nil
	}
	if p.file != "" && p.file != "-" {
		f, err := os.Open(p.file)
		if err != nil {
			return "", false, usage("--password-file %s: cannot be read", p.file)
		}
		defer f.Close() //nolint:errcheck // it was only read
		password, err = firstLine(f)
		return password, false, err
	}
	if terminal, ok := s.in.(*os.File); ok && p.file == "" && term.IsTerminal(int(terminal.Fd())) {
		password, err = s.ask2(terminal)
		return password, false, err
	}
	password, err = firstLine(s.in)
	return password, false, err
}

// ask2 asks for a password twice, without showing it.
func (s *shared) ask2(terminal *os.File) (string, error) {
	var typed [2]string
	for i, prompt := range []string{"password: ", "once more: "} {
		fmt.Fprint(s.err, prompt)
		raw, err := term.ReadPassword(int(terminal.Fd()))
		fmt.Fprintln(s.err)
		if err != nil {
			return "", err
		}
		typed[i] = string(raw)
	}
	if typed[0] != typed[1] {
		return "", usage("the two passwords differ")
	}
	return typed[0], nil
}

// firstLine reads one line, without its end.
func firstLine(r io.Reader) (string, error) {
	line, err := bufio.NewReader(io.LimitReader(r, 4096)).ReadString('\n')
	line = strings.TrimRight(line, "\r\n")
	if line == "" {
		return "", usage("no secret was given; hint: one line on standard input or in the file")
	}
	if errors.Is(err, io.EOF) {
		err = nil
	}
	return line, err
}

func newUserCreate(s *shared) *cobra.Command {
	var email, display string
	var password passwordFlags
	cmd := &cobra.Command{
		Use:   "create NAME",
		Short: "add a user",
		Example: `  # asks for the password
  oauth2d user create ada --direct --email ada@example.com --display-name "Ada Lovelace"

  # makes one up and prints it once
  oauth2d user create ada --direct --generate`,
		Args: oneArg("the name of the new user"),
	}
	cmd.Flags().StringVar(&email, "email", "", "email address")
	cmd.Flags().StringVar(&display, "display-name", "", "name that people see")
	password.bind(cmd)
	return s.direct(cmd, func(ctx context.Context, d *app.Direct, args []string) error {
		text, generated, err := password.read(s)
		if err != nil {
			return err
		}
		user, err := d.Directory.Create(ctx, args[0], text, email, display)
		if err != nil {
			return err
		}
		v := userViewOf(user)
		if generated && s.output != "table" {
			v.Password = text
		}
		if s.output != "table" {
			return s.print(v, table{})
		}
		if generated {
			fmt.Fprintln(s.out, text)
			s.say("user %s is there; above is the password: hand it over safely, it cannot be shown again", user.Name)
			return nil
		}
		fmt.Fprintln(s.out, user.ID)
		s.say("user %s is there; above is the id", user.Name)
		return nil
	})
}

func newUserSetPassword(s *shared) *cobra.Command {
	var password passwordFlags
	cmd := &cobra.Command{
		Use:     "set-password NAME",
		Short:   "give a user a new password; every session and grant of the user ends",
		Example: "  oauth2d user set-password ada --direct",
		Args:    oneArg("the name of a user"),
	}
	password.bind(cmd)
	return s.direct(cmd, func(ctx context.Context, d *app.Direct, args []string) error {
		text, generated, err := password.read(s)
		if err != nil {
			return err
		}
		if err := d.SetPassword(ctx, args[0], text); err != nil {
			return err
		}
		if generated {
			fmt.Fprintln(s.out, text)
		}
		s.say("user %s has a new password and is signed out everywhere", args[0])
		return nil
	})
}

func newUserUnlock(s *shared) *cobra.Command {
	cmd := &cobra.Command{
		Use:     "unlock NAME",
		Short:   "forget the wrong passwords of a user, so that they may try again at once",
		Example: "  oauth2d user unlock ada --direct",
		Args:    oneArg("the name of a user"),
	}
	return s.direct(cmd, func(ctx context.Context, d *app.Direct, args []string) error {
		if err := d.Directory.Unlock(ctx, args[0]); err != nil {
			return err
		}
		s.say("user %s may try again", args[0])
		return nil
	})
}

// userView is a user as it is printed.
type userView struct {
	ID       oauth.UserID `json:"id"`
	Name     string       `json:"name"`
	Password string       `json:"password,omitempty"` // when it was just made up
	Display  string       `json:"display_name,omitempty"`
	Email    string       `json:"email,omitempty"`
	Disabled bool         `json:"disabled"`
	Created  *time.Time   `json:"created,omitempty"`
}

func userViewOf(u oauth.User) userView {
	return userView{ID: u.ID, Name: u.Name, Display: u.DisplayName, Email: u.Email, Disabled: u.Disabled, Created: timeOrNil(u.Created)}
}

func newUserList(s *shared) *cobra.Command {
	cmd := &cobra.Command{
		Use:     "list",
		Short:   "list the users",
		Example: "  oauth2d user list --direct",
		Args:    noArgs,
	}
	return s.direct(cmd, func(ctx context.Context, d *app.Direct, _ []string) error {
		views := []userView{}
		t := table{head: []string{"id", "name", "email", "state", "created"}}
		for after := oauth.UserID(""); ; {
			page, err := d.Directory.List(ctx, after, pageSize)
			if err != nil {
				return err
			}
			if len(page) == 0 {
				return s.print(views, t)
			}
			for _, u := range page {
				state := "active"
				if u.Disabled {
					state = "disabled"
				}
				views = append(views, userViewOf(u))
				t.rows = append(t.rows, []string{string(u.ID), u.Name, orDash(u.Email), state, when(u.Created)})
			}
			after = page[len(page)-1].ID
		}
	})
}
