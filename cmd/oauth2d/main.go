// Command oauth2d is an OAuth 2 authorization server whose state lives in Redis, and the tools to
// look after one.
package main

import (
	"context"
	"os"
	"os/signal"
	"syscall"

	"golang.org/x/term"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	// Without a listener for SIGPIPE a closed standard output ends the process before it can report that
	// a secret was lost. (An ignored signal would be inherited by the browser that login starts.)
	signal.Notify(make(chan os.Signal, 1), syscall.SIGPIPE)
	c := console{
		in: os.Stdin, out: os.Stdout, err: os.Stderr, environ: os.Environ(),
		terminal: term.IsTerminal(int(os.Stdin.Fd())) && term.IsTerminal(int(os.Stderr.Fd())),
	}
	if out := int(os.Stdout.Fd()); term.IsTerminal(out) {
		if width, _, err := term.GetSize(out); err == nil {
			c.width = width
		}
		// https://no-color.org: set and not empty.
		c.color = os.Getenv("NO_COLOR") == "" && os.Getenv("TERM") != "dumb"
	}
	code := run(ctx, c, os.Args[1:])
	stop()
	os.Exit(code)
}
