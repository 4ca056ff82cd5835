package backup

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"io"
)

// errDiffers is the reason of an archive whose content is not the one of its manifest.
var errDiffers = errors.New("its content is not the one that its manifest describes; use another copy")

// Copy writes a complete archive to a second destination and reads it back there. The archive becomes visible in the second
// destination when it has arrived unchanged; its manifest is written after the check.
func Copy(ctx context.Context, from, to Destination, m Manifest) error {
	in, err := from.Open(ctx, m.Archive.Name)
	if err != nil {
		return fmt.Errorf("read %s again from %s: %w", m.Archive.Name, from, err)
	}
	defer func() { _ = in.Close() }()
	up, err := to.Create(ctx, m.Archive.Name)
	if err != nil {
		return fmt.Errorf("copy %s to %s: %w", m.Archive.Name, to, err)
	}
	defer up.Abort()
	sum := newSum(up)
	if _, err := io.Copy(sum, in); err != nil {
		return fmt.Errorf("copy %s from %s: %w", m.Archive.Name, from, writing(to, m.Archive.Name, err))
	}
	if err := sum.matches(m); err != nil {
		return fmt.Errorf("%s in %s is damaged: %w", m.Archive.Name, from, err)
	}
	if err := up.Commit(); err != nil {
		return writing(to, m.Archive.Name, err)
	}
	if err := Check(ctx, to, m); err != nil {
		return err
	}
	if err := writeManifest(ctx, to, m); err != nil {
		return fmt.Errorf("%s is complete in %s; its manifest could not be written: %w", m.Archive.Name, to, writing(to, ManifestName(m.Archive.Name), err))
	}
	return nil
}

// Check reads an archive and compares its size and SHA-256 with those of its manifest. It needs no key.
func Check(ctx context.Context, in Destination, m Manifest) error {
	content, err := in.Open(ctx, m.Archive.Name)
	if err != nil {
		return fmt.Errorf("read %s in %s: %w", m.Archive.Name, in, err)
	}
	defer func() { _ = content.Close() }()
	sum := newSum(io.Discard)
	if _, err := io.Copy(sum, content); err != nil {
		return fmt.Errorf("read %s in %s: %w", m.Archive.Name, in, err)
	}
	if err := sum.matches(m); err != nil {
		return fmt.Errorf("%s in %s is damaged: %w", m.Archive.Name, in, err)
	}
	return nil
}

// summing passes on what is written, and remembers its size and SHA-256.
type summing struct {
	to   io.Writer
	size int64
	hash hash.Hash
}

func newSum(to io.Writer) *summing { return &summing{to: to, hash: sha256.New()} }

// Write implements io.Writer.
func (s *summing) Write(p []byte) (int, error) {
	n, err := s.to.Write(p)
	s.size += int64(n)
	s.hash.Write(p[:n])
	return n, err
}

func (s *summing) matches(m Manifest) error {
	if got := hex.EncodeToString(s.hash.Sum(nil)); s.size != m.Archive.Size || got != m.Archive.SHA256 {
		return fmt.Errorf("%w: it has %d bytes of %d", errDiffers, s.size, m.Archive.Size)
	}
	return nil
}
