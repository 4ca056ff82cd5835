package doctor

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"time"

	"github.com/recipe-web-app/oauth2d/internal/cli/exit"
	"github.com/recipe-web-app/oauth2d/internal/cli/settings"
	"github.com/recipe-web-app/oauth2d/internal/config"
)

// AdminAddr returns the address at which this machine reaches the operators' listener of a server with these settings.
// Mistakes in other settings are ignored: the server itself reports them.
func AdminAddr(flags *settings.Flags) string {
	from, err := flags.Sources()
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

// Ready asks a running server whether it is ready, and writes its answer to out.
func Ready(ctx context.Context, out io.Writer, url string, timeout time.Duration) error {
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, http.NoBody)
	if err != nil {
		return exit.Usagef("--url %s: is not a URL", url)
	}
	// Ask the server itself: a proxy of the environment (HTTP_PROXY) would answer for another network.
	direct := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	response, err := direct.Do(request)
	if err != nil {
		return fmt.Errorf("healthcheck: %w; hint: is the server running, and is admin.listen the same for both?", shorter(err))
	}
	defer response.Body.Close() //nolint:errcheck // it was read
	body, err := io.ReadAll(io.LimitReader(response.Body, 1<<16))
	if err != nil {
		return fmt.Errorf("healthcheck: %w", err)
	}
	if _, err := out.Write(body); err != nil {
		return err
	}
	if response.StatusCode != http.StatusOK {
		return fmt.Errorf("healthcheck: %s answered %d", url, response.StatusCode)
	}
	return nil
}

// shorter returns the network error inside an error of net/http.
func shorter(err error) error {
	if op, ok := errors.AsType[*net.OpError](err); ok {
		return op
	}
	return err
}
