package probe

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"strings"
	"syscall"

	"github.com/recipe-web-app/oauth2d/internal/redis/outcome"
)

// passing is an error of Check that may be over in a moment: a server that is not there yet, or is
// still loading its data.
type passing struct{ error }

func (e *passing) Unwrap() error { return e.error }

// Passing reports whether an error of Check or Claim may be over in a moment, so that waiting helps.
// A wrong password, a missing right or a wrong setting does not pass.
func Passing(err error) bool {
	if _, ok := errors.AsType[*passing](err); ok {
		return true
	}
	if asked, ok := errors.AsType[*outcome.Error](err); ok {
		switch asked.Result {
		case outcome.Timeout, outcome.Unreachable, outcome.ReadOnly, outcome.Unconfirmed, outcome.NoMaster,
			outcome.NoScript: // a server that is too busy to load the scripts
			return true
		}
	}
	return false
}

// explain says why a server was not reached, and what to do about it.
func (p *Prober) explain(ctx context.Context, err error, what, addr string) error {
	var certificate *tls.CertificateVerificationError
	var record tls.RecordHeaderError
	var alert tls.AlertError
	var name x509.HostnameError
	var invalid x509.CertificateInvalidError
	switch {
	case errors.As(err, &name):
		return fmt.Errorf("redis: the certificate of %s at %s is for another name (%w): configure the server name "+
			"it carries", what, addr, err)
	case errors.As(err, &invalid) && invalid.Reason == x509.Expired:
		return fmt.Errorf("redis: the certificate of %s at %s is not valid now (%w): renew it there, or set the clock right",
			what, addr, invalid)
	case errors.As(err, &certificate):
		return fmt.Errorf("redis: the certificate of %s at %s is not trusted (%w): configure the CA that signed it",
			what, addr, certificate.Err)
	case errors.As(err, &record):
		return fmt.Errorf("redis: %s at %s does not speak TLS: set redis.tls.enabled to false, or use its TLS port", what, addr)
	case errors.As(err, &alert):
		return fmt.Errorf("redis: %s at %s refuses our TLS (%w): it wants a client certificate that is valid and signed by a CA it trusts", what, addr, alert)
	case errors.Is(err, syscall.ECONNREFUSED):
		return &passing{fmt.Errorf("redis: nothing listens at %s: start %s, or configure its right address", addr, what)}
	case strings.HasPrefix(err.Error(), "LOADING"):
		return &passing{fmt.Errorf("redis: %s at %s is still loading its data: try again", what, addr)}
	case outcome.Of(err) == outcome.Unreachable, outcome.Of(err) == outcome.Timeout:
		return p.explainSilence(ctx, err, what, addr)
	}
	return fmt.Errorf("redis: %s at %s answers with an error: %w", what, addr, err)
}

// explainSilence finds out whether a server that did not answer speaks the other protocol: a plain
// server waits for the end of a TLS greeting, and a TLS server hangs up on a plain one.
func (p *Prober) explainSilence(ctx context.Context, err error, what, addr string) error {
	ctx, cancel := context.WithTimeout(ctx, p.opt.DialTimeout+p.opt.Timeout)
	defer cancel()
	switch {
	case p.opt.TLS == nil && speaksTLS(ctx, addr):
		return fmt.Errorf("redis: %s at %s speaks TLS: set redis.tls.enabled to true, or use its plain port", what, addr)
	case p.opt.TLS != nil && speaksPlain(ctx, addr):
		return fmt.Errorf("redis: %s at %s does not speak TLS: set redis.tls.enabled to false, or use its TLS port", what, addr)
	}
	return &passing{fmt.Errorf("redis: %s at %s cannot be reached (%w): check the address, the network and the TLS "+
		"settings (its port, a client certificate)", what, addr, err)}
}

// speaksTLS reports whether a server answers a TLS greeting. Nothing is sent through the connection,
// so its certificate does not matter.
func speaksTLS(ctx context.Context, addr string) bool {
	host, _, _ := net.SplitHostPort(addr)
	dialer := tls.Dialer{Config: &tls.Config{InsecureSkipVerify: true, ServerName: host}} //nolint:gosec // G402: see above
	conn, err := dialer.DialContext(ctx, "tcp", addr)
	if err == nil {
		_ = conn.Close()
		return true
	}
	var alert tls.AlertError
	return errors.As(err, &alert) // it wants a certificate of ours, or another version
}

// speaksPlain reports whether a server answers a PING without TLS.
func speaksPlain(ctx context.Context, addr string) bool {
	var dialer net.Dialer
	conn, err := dialer.DialContext(ctx, "tcp", addr)
	if err != nil {
		return false
	}
	defer func() { _ = conn.Close() }()
	if end, ok := ctx.Deadline(); ok {
		_ = conn.SetDeadline(end)
	}
	if _, err := conn.Write([]byte("PING\r\n")); err != nil {
		return false
	}
	first := make([]byte, 1)
	_, err = conn.Read(first)
	return err == nil && (first[0] == '+' || first[0] == '-')
}
