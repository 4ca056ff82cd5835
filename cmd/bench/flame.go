package main

import (
	"bytes"
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"time"

	"github.com/recipe-web-app/oauth2d/cmd/bench/load"
	"github.com/recipe-web-app/oauth2d/cmd/bench/report"
	"github.com/recipe-web-app/oauth2d/cmd/bench/scenario"
	"github.com/recipe-web-app/oauth2d/cmd/bench/subject"
)

// flameTime is the length of a profile, within the time of one request.
const flameTime = 8 * time.Second

// flame draws flame graphs of the two hottest paths. The profiles come from the operators' listener.
func flame(ctx context.Context, words []string) error {
	flags := flag.NewFlagSet("flame", flag.ContinueOnError)
	binary := flags.String("binary", "build/oauth2d", "the daemon")
	out := flags.String("out", "build", "folder for the flame graphs")
	if err := flags.Parse(words); err != nil {
		return err
	}
	file, err := filepath.Abs(*binary)
	if err != nil {
		return err
	}
	lab, err := subject.NewLab()
	if err != nil {
		return err
	}
	defer lab.Close()
	s := subject.Setup{Name: "daemon", Binary: file, Durability: "relaxed"}
	if s.Store, err = lab.Redis(ctx, "redis"); err != nil {
		return err
	}
	if s.Secrets, err = lab.Register(ctx, "flame", file, s.Store); err != nil {
		return err
	}
	started, err := lab.Daemon(ctx, s)
	if err != nil {
		return err
	}
	d, err := scenario.NewDaemon(ctx, started)
	if err != nil {
		return err
	}
	defer d.Close()
	for _, w := range d.Workloads() {
		name := map[string]string{scenario.TokenOpaque: "flame-token.svg", scenario.IntrospectOpaque: "flame-introspect.svg"}[w.Name]
		if name == "" {
			continue
		}
		graph, err := flameOf(ctx, d, w)
		if err != nil {
			return err
		}
		if err := os.WriteFile(filepath.Join(*out, name), []byte(graph), 0o644); err != nil {
			return err
		}
	}
	return nil
}

// flameOf loads a daemon with one kind of request, takes a profile meanwhile, and draws it.
func flameOf(ctx context.Context, d *scenario.Daemon, w scenario.Workload) (string, error) {
	taken := make(chan error, 1)
	var raw []byte
	_, err := load.Run(ctx, load.Options{
		Addr: d.Addr, Connections: connections, Warmup: time.Second, Duration: flameTime + time.Second, NewCall: w.NewCall,
		Begin: func(func() int64) {
			go func() {
				var err error
				raw, err = d.Profile(ctx, flameTime)
				taken <- err
			}()
		},
		End: func(func() int64) {},
	})
	if err := errors.Join(err, <-taken); err != nil {
		return "", err
	}
	file, err := os.CreateTemp("", "cpu-*.pb.gz")
	if err != nil {
		return "", err
	}
	defer os.Remove(file.Name()) //nolint:errcheck // it is in the temporary folder
	_, err = file.Write(raw)
	if err := errors.Join(err, file.Close()); err != nil {
		return "", err
	}
	traces, err := exec.CommandContext(ctx, "go", "tool", "pprof", "-traces", file.Name()).Output()
	if err != nil {
		return "", fmt.Errorf("go tool pprof: %w", err)
	}
	root, err := report.ReadTraces(bytes.NewReader(traces))
	if err != nil {
		return "", err
	}
	return root.Flame("Processor time of the daemon: " + w.Name), nil
}
