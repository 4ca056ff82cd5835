package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"time"

	"github.com/spf13/cobra"

	"github.com/recipe-web-app/oauth2d/internal/config"
)

func newHealthcheck(s *shared) *cobra.Command {
	var url string
	var timeout time.Duration
	cmd := &cobra.Command{
		Use:   "healthcheck",
		Short: "ask a running server whether it is ready; exit code 0 when it is",
		Example: `  oauth2d healthcheck
  oauth2d healthcheck --url http://10.0.0.7:9090/health/ready`,
		Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if url == "" {
				url = "http://" + s.adminAddr() + "/health/ready"
			}
			return s.ask(cmd.Context(), url, timeout)
		},
	}
	cmd.Flags().StringVar(&url, "url", "", "the address to ask; empty: /health/ready on admin.listen")
	timeout = 2 * time.Second
	durationVar(cmd.Flags(), &timeout, "timeout", "how long the answer may take")
	return cmd
}

// adminAddr is where the operators' listener of a server with these settings is reached from this
// machine. What is wrong with the other settings is the server's matter, not the probe's.
func (s *shared) adminAddr() string {
	from, err := s.sources()
	if err != nil {
		return config.Default(false).Admin.Listen
	}
	c, _, _ := config.Load(from)
	host, port, err := net.SplitHostPort(c.Admin.Listen)
	if err != nil {
		return config.Default(false).Admin.Listen
	}
	if addr, err := netip.ParseAddr(host); host == "" || err == nil && addr.IsUnspecified() {
		host = "127.0.0.1"
	}
	return net.JoinHostPort(host, port)
}

func (s *shared) ask(ctx context.Context, url string, timeout time.Duration) error {
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, http.NoBody)
	if err != nil {
		return usage("--url %s: is not a URL", url)
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return fmt.Errorf("healthcheck: %w; hint: is the server running, and is admin.listen the same for both?", shorter(err))
	}
	defer response.Body.Close() //nolint:errcheck // it was read
	body, err := io.ReadAll(io.LimitReader(response.Body, 1<<16))
	if err != nil {
		return fmt.Errorf("healthcheck: %w", err)
	}
	if _, err := s.out.Write(body); err != nil {
		return err
	}
	if response.StatusCode != http.StatusOK {
		return fmt.Errorf("healthcheck: %s answered %d", url, response.StatusCode)
	}
	return nil
}

// shorter leaves out what net/http puts around a failure.
func shorter(err error) error {
	if op, ok := errors.AsType[*net.OpError](err); ok {
		return op
	}
	return err
}
