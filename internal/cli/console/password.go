package console

import (
	"fmt"
	"os"

	"github.com/spf13/pflag"
	"golang.org/x/term"

	"github.com/recipe-web-app/oauth2d/internal/cli/exit"
	"github.com/recipe-web-app/oauth2d/internal/secret"
)

// PasswordFlags are the flags that name the source of a password.
type PasswordFlags struct {
	file       string
	generate   bool
	MustChange bool
}

// Bind adds the flags.
func (p *PasswordFlags) Bind(flags *pflag.FlagSet) {
	flags.StringVar(&p.file, "password-file", "", "file with the password (- is standard input); empty: ask for it")
	flags.BoolVar(&p.generate, "generate", false, "generate a password and print it once")
	flags.BoolVar(&p.MustChange, "must-change", false, "the user has to choose another one at the next sign-in")
}

// generatedPassword is the entropy of a generated password, in bytes.
const generatedPassword = 15

// Read returns the password, and whether it was generated here.
func (p *PasswordFlags) Read(c *Console) (password secret.Text, generated bool, err error) {
	if p.generate {
		return secret.Text(secret.NewToken(generatedPassword)), true, nil
	}
	if p.file != "" && p.file != "-" {
		password, err = SecretFile(p.file)
		return password, false, err
	}
	if terminal, ok := c.In.(*os.File); ok && p.file == "" && term.IsTerminal(int(terminal.Fd())) {
		password, err = c.askTwice(terminal)
		return password, false, err
	}
	password, err = firstLine(c.In)
	return password, false, err
}

// askTwice asks for a password twice, without echo.
func (c *Console) askTwice(terminal *os.File) (secret.Text, error) {
	var typed [2]secret.Text
	for i, prompt := range []string{"password: ", "once more: "} {
		fmt.Fprint(c.Err, prompt)
		raw, err := term.ReadPassword(int(terminal.Fd()))
		fmt.Fprintln(c.Err)
		if err != nil {
			return "", err
		}
		typed[i] = secret.Text(raw)
	}
	if typed[0] != typed[1] {
		return "", exit.Usagef("the two passwords differ")
	}
	return typed[0], nil
}
