package console

import (
	"errors"
	"io"
	"syscall"
)

// CheckedWriter stores the first error of a writer. Many callers print without checking the error, but a command whose
// result was not written must not report success.
type CheckedWriter struct {
	to  io.Writer
	err error
}

// NewCheckedWriter returns a writer that writes to another one.
func NewCheckedWriter(to io.Writer) *CheckedWriter { return &CheckedWriter{to: to} }

// Failure returns the first error of the writer.
func (w *CheckedWriter) Failure() error { return w.err }

// Write implements io.Writer.
func (w *CheckedWriter) Write(p []byte) (int, error) {
	n, err := w.to.Write(p)
	if err != nil && w.err == nil {
		w.err = err
	}
	return n, err
}

// ClosedByReader reports whether the reader closed the pipe, as head does when it has read enough.
func (w *CheckedWriter) ClosedByReader() bool { return errors.Is(w.err, syscall.EPIPE) }
