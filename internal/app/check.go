package app

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"syscall"

	"github.com/recipe-web-app/oauth2d/internal/config"
	"github.com/recipe-web-app/oauth2d/internal/http/page"
	"github.com/recipe-web-app/oauth2d/internal/http/server"
	"github.com/recipe-web-app/oauth2d/internal/http/web"
)

// Check returns every fault for which a server with these settings would refuse to start before it contacts Redis. New
// and "config check" both call it, so that they accept the same settings. It opens the files and, for a moment, the
// addresses, and changes nothing.
func Check(ctx context.Context, c config.Config) config.Problems {
	wrong := CheckFiles(c)
	wrong = append(wrong, checkAddr(ctx, "server.listen", c.Server.Listen)...)
	return append(wrong, checkAddr(ctx, "admin.listen", c.Admin.Listen)...)
}

// CheckFiles does what Check does, without the addresses: it works on another machine than the server's.
func CheckFiles(c config.Config) config.Problems {
	wrong := checkLook(c)
	add := func(key string, err error, hint string) {
		if err != nil {
			wrong = append(wrong, config.Problem{Key: key, What: err.Error(), Hint: hint})
		}
	}
	if files := c.Server.TLS; files.Enabled() {
		_, err := server.LoadCertificates(files.CertFile, files.KeyFile)
		add("server.tls", err, "cert_file and key_file name PEM files that belong together and that this user may read")
	}
	_, _, err := redisTLS(c.Redis.TLS)
	add("redis.tls", err, "name PEM files that this user may read; cert_file and key_file belong together")
	_, err = web.NewProxies(web.ForwardHeader(c.Server.ProxyHeader), c.Server.TrustedProxies)
	add("server.trusted_proxies", err, "")
	_, err = c.Sealer()
	add("master_key", err, "make one with: openssl rand -base64 32")
	return wrong
}

// checkLook checks the settings of the pages.
func checkLook(c config.Config) config.Problems {
	var wrong config.Problems
	if err := page.CheckAccent(c.Brand.Accent); c.Brand.Accent != "" && err != nil {
		wrong = append(wrong, config.Problem{Key: "brand.accent", What: err.Error(), Hint: "such as " + page.DefaultAccent})
		c.Brand.Accent = ""
	}
	look, err := lookOf(c)
	if err == nil {
		err = look.Check()
		if err != nil {
			err = fmt.Errorf("brand: %w", err)
		}
	}
	if problem, ok := errors.AsType[*fileError](err); ok {
		return append(wrong, config.Problem{Key: problem.key, What: problem.err.Error(), Hint: problem.hint})
	}
	if err != nil {
		wrong = append(wrong, config.Problem{Key: "brand", What: errors.Unwrap(err).Error()})
	}
	return wrong
}

// fileError is the reason why a file that a setting names cannot be used.
type fileError struct {
	key, hint string
	err       error
}

func (e *fileError) Error() string { return e.key + ": " + e.err.Error() }
func (e *fileError) Unwrap() error { return e.err }

// readable checks that a folder can be listed. Otherwise a language would be missing on the pages, and nobody would
// notice.
func readable(key, dir string) error {
	if _, err := os.ReadDir(dir); err != nil {
		return &fileError{key: key, err: err, hint: "name a folder with one LANGUAGE.json each that this user may read"}
	}
	return nil
}

// checkAddr opens an address for a moment. An address in use is accepted: a server with these settings may be running.
func checkAddr(ctx context.Context, key, addr string) config.Problems {
	var how net.ListenConfig
	l, err := how.Listen(ctx, "tcp", addr)
	if err == nil {
		err = l.Close()
	}
	if err == nil || errors.Is(err, syscall.EADDRINUSE) {
		return nil
	}
	hint := "use an address of this machine, or 0.0.0.0 for all of them"
	if errors.Is(err, syscall.EACCES) {
		hint = "use a port above 1023, or allow this user to use it (CAP_NET_BIND_SERVICE)"
	}
	if op, ok := errors.AsType[*net.OpError](err); ok {
		err = op.Err
	}
	return config.Problems{{Key: key, Value: addr, What: "cannot be listened at: " + err.Error(), Hint: hint}}
}
