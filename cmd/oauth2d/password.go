package main

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/spf13/cobra"
	"golang.org/x/term"

	"github.com/recipe-web-app/oauth2d/internal/secret"
	"github.com/recipe-web-app/oauth2d/internal/smallfile"
)

// passwordFlags say where a password comes from.
type passwordFlags struct {
	file       string
	generate   bool
	mustChange bool
}

func (p *passwordFlags) bind(cmd *cobra.Command) {
	cmd.Flags().StringVar(&p.file, "password-file", "", "file with the password (- is standard input); empty: it is asked for")
	cmd.Flags().BoolVar(&p.generate, "generate", false, "make a password up and print it once")
	cmd.Flags().BoolVar(&p.mustChange, "must-change", false, "the user has to choose another one at the next sign-in")
}

// generatedPassword is how much chance a generated password holds, in bytes.
const generatedPassword = 15

// read returns the password, and whether it was made up here.
func (p *passwordFlags) read(s *shared) (password string, generated bool, err error) {
	if p.generate {
		return secret.NewToken(generatedPassword), true, nil
	}
	if p.file != "" && p.file != "-" {
		password, err = onlyLine(p.file)
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

// maxLine bounds a secret that is read.
const maxLine = 4096

// firstLine reads one line, without its end.
func firstLine(r io.Reader) (string, error) {
	line, err := bufio.NewReader(io.LimitReader(r, maxLine+1)).ReadString('\n')
	if len(line) > maxLine {
		return "", usage("the secret is longer than %d bytes", maxLine)
	}
	line = strings.TrimRight(line, "\r\n")
	if line == "" {
		return "", usage("no secret was given; hint: one line on standard input or in the file")
	}
	if errors.Is(err, io.EOF) {
		err = nil
	}
	return line, err
}

// onlyLine reads the one line of a file that holds a secret. A second line is refused: one of two
// secrets would be dropped.
func onlyLine(name string) (string, error) {
	raw, err := smallfile.ReadUpTo(name, 2*maxLine)
	if err != nil {
		return "", usage("%s: cannot be read: %w; hint: name a file that holds one line", name, smallfile.Cause(err))
	}
	first, rest, _ := strings.Cut(string(raw), "\n")
	if strings.TrimSpace(rest) != "" {
		return "", usage("%s: holds more than one line; hint: name a file that holds the secret alone", name)
	}
	text, err := firstLine(strings.NewReader(first + "\n"))
	if err != nil {
		return "", usage("%s: %w", name, err)
	}
	return text, nil
}
