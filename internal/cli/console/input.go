package console

import (
	"bufio"
	"errors"
	"io"
	"strings"

	"github.com/recipe-web-app/oauth2d/internal/cli/exit"
	"github.com/recipe-web-app/oauth2d/internal/secret"
	"github.com/recipe-web-app/oauth2d/internal/smallfile"
)

// maxFile bounds a file, in bytes.
const maxFile = 16 << 20

// ReadFile returns the content of a file; - is standard input.
func (c *Console) ReadFile(name string) ([]byte, error) {
	var raw []byte
	var err error
	if name == "-" {
		raw, err = smallfile.ReadFrom(c.In, "standard input", maxFile)
	} else {
		raw, err = smallfile.ReadUpTo(name, maxFile)
	}
	if err != nil {
		return nil, exit.Usagef("%s: cannot be read: %w", name, smallfile.Cause(err))
	}
	return raw, nil
}

// ReadSecret returns the secret in a file; - is standard input, and "" has none.
func (c *Console) ReadSecret(file string) (secret.Text, error) {
	switch file {
	case "":
		return "", nil
	case "-":
		return firstLine(c.In)
	}
	return SecretFile(file)
}

// maxLine bounds a secret, in bytes.
const maxLine = 4096

// firstLine reads one line and returns it without its end.
func firstLine(r io.Reader) (secret.Text, error) {
	line, err := bufio.NewReader(io.LimitReader(r, maxLine+1)).ReadString('\n')
	if len(line) > maxLine {
		return "", exit.Usagef("the secret is longer than %d bytes", maxLine)
	}
	line = strings.TrimRight(line, "\r\n")
	if line == "" {
		return "", exit.Usagef("there is no secret; hint: one line on standard input or in the file")
	}
	if errors.Is(err, io.EOF) {
		err = nil
	}
	return secret.Text(line), err
}

// SecretFile returns the only line of a file that holds a secret. A second line is refused, because one of two secrets
// would be dropped.
func SecretFile(name string) (secret.Text, error) {
	raw, err := smallfile.ReadUpTo(name, 2*maxLine)
	if err != nil {
		return "", exit.Usagef("%s: cannot be read: %w; hint: name a file that holds one line", name, smallfile.Cause(err))
	}
	first, rest, _ := strings.Cut(string(raw), "\n")
	if strings.TrimSpace(rest) != "" {
		return "", exit.Usagef("%s: holds more than one line; hint: name a file that holds the secret alone", name)
	}
	text, err := firstLine(strings.NewReader(first + "\n"))
	if err != nil {
		return "", exit.Usagef("%s: %w", name, err)
	}
	return text, nil
}

// TokenArgument returns the token of an argument; - reads it from standard input, and keeps it out of the shell's
// history.
func (c *Console) TokenArgument(arg string) (secret.Text, error) {
	if arg != "-" {
		return secret.Text(arg), nil
	}
	return firstLine(c.In)
}
