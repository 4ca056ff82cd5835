package main

import (
	"context"
	"fmt"
	"os"
	"os/signal"
	"strings"
	"syscall"
	"time"

	"github.com/recipe-web-app/oauth2d/internal/app"
	"github.com/recipe-web-app/oauth2d/internal/config"
)

const (
	waitOne  = "wait1"
	asDaemon = "OAUTH2D_FAULTS_DAEMON" // set: this process is the daemon of a control
)

// serveWaitOne is a daemon that acknowledges what one replica has. The server has no such setting;
// it is here to be caught.
func serveWaitOne() error {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	c, err := settings(os.Environ())
	if err != nil {
		return err
	}
	c.Redis.Durability = waitOne
	a, err := app.New(ctx, c, app.Options{})
	if err != nil {
		return err
	}
	if err := a.Start(); err != nil {
		return err
	}
	select {
	case <-ctx.Done():
	case err := <-a.Failed():
		return err
	}
	ending, cancel := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
	defer cancel()
	return a.Stop(ending)
}

// settings reads what the environment of a daemon says.
func settings(environ []string) (config.Config, error) {
	var from config.Sources
	for _, line := range environ {
		if file, named := strings.CutPrefix(line, "OAUTH2D_CONFIG="); named {
			from.File = file
		} else if !strings.HasPrefix(line, asDaemon) {
			from.Environ = append(from.Environ, line)
		}
	}
	c, _, err := config.Load(from)
	if err != nil {
		return c, fmt.Errorf("settings: %w", err)
	}
	return c, nil
}
