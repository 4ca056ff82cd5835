// Command oauth2d is an OAuth 2 authorization server whose state lives in Redis, and the tools to operate it.
package main

import (
	"context"
	"os"
	"os/signal"
	"syscall"

	"golang.org/x/term"

	"github.com/recipe-web-app/oauth2d/internal/cli/console"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	// Without a listener for SIGPIPE a closed standard output ends the process before it can report that
	// a secret was lost. (An ignored signal would be inherited by the browser that login starts.)
	signal.Notify(make(chan os.Signal, 1), syscall.SIGPIPE)
	c := console.Console{
		In: os.Stdin, Out: os.Stdout, Err: os.Stderr, Environ: os.Environ(),
		Terminal: term.IsTerminal(int(os.Stdin.Fd())) && term.IsTerminal(int(os.Stderr.Fd())),
	}
	if out := int(os.Stdout.Fd()); term.IsTerminal(out) {
		if width, _, err := term.GetSize(out); err == nil {
			c.Width = width
		}
		// https://no-color.org: set and not empty.
		c.Color = os.Getenv("NO_COLOR") == "" && os.Getenv("TERM") != "dumb"
	}
	code := run(ctx, c, os.Args[1:])
	stop()
	os.Exit(code)
}
