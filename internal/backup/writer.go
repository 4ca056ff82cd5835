package backup

import (
	"bufio"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"hash"
	"io"

	"github.com/klauspost/compress/zstd"
)

// Format is the version of the archives that this program writes and reads.
const Format = 1

// magic begins every archive. The header follows in the same line, in plain text, so that a refusal can name the reason
// without a key. A copy of the header inside the encrypted part shows that nobody changed it.
const magic = "oauth2d-backup "

// maxHeader bounds the first line.
const maxHeader = 4096

// chunkSize is the largest part of a value that is held in memory.
const chunkSize = 256 << 10

// The kinds of entries of an archive.
const (
	headerEntry = 'H'
	keyEntry    = 'K'
	endEntry    = 'E'
)

// windowSize bounds what compression remembers, when writing and when reading.
const windowSize = 1 << 20

// header is the first line of an archive.
type header struct {
	Format     int    `json:"format"`
	Kind       Kind   `json:"kind"`
	Created    string `json:"created"`
	Version    string `json:"version"`
	Encryption string `json:"encryption"`
}

// tally counts and digests what passes.
type tally struct {
	out  io.Writer
	sum  hash.Hash
	size int64
}

// Write implements io.Writer.
func (t *tally) Write(p []byte) (int, error) {
	n, err := t.out.Write(p)
	_, _ = t.sum.Write(p[:n]) // a hash returns no error
	t.size += int64(n)
	return n, err
}

// archiveWriter writes an archive. It implements Sink. After the first error it writes nothing, and keeps the error.
type archiveWriter struct {
	kind    Kind
	outer   *tally // of the archive
	sealed  io.WriteCloser
	packed  *zstd.Encoder
	inner   *tally // of the entries
	out     *bufio.Writer
	chunk   []byte // of the value that is being written
	keys    int64
	foreign int64
	bytes   int64
	records map[string]int64
	kindKey string // the kind of the record that is being written
	step    func(keys, bytes, stored int64)
	err     error
}

// newArchiveWriter writes the header.
func newArchiveWriter(to io.Writer, h header, lock Lock) (*archiveWriter, error) {
	line, err := json.Marshal(h)
	if err != nil {
		return nil, err
	}
	w := &archiveWriter{kind: h.Kind, outer: &tally{out: to, sum: sha256.New()}, records: make(map[string]int64), chunk: make([]byte, 0, chunkSize)}
	if _, err := w.outer.Write([]byte(magic + string(line) + "\n")); err != nil {
		return nil, err
	}
	if w.sealed, err = lock.seal(w.outer); err != nil {
		return nil, err
	}
	w.packed, err = zstd.NewWriter(w.sealed, zstd.WithEncoderConcurrency(1), zstd.WithWindowSize(windowSize), zstd.WithLowerEncoderMem(true))
	if err != nil {
		return nil, err
	}
	w.inner = &tally{out: w.packed, sum: sha256.New()}
	w.out = bufio.NewWriterSize(w.inner, chunkSize)
	w.entry(headerEntry, line)
	return w, w.err
}

func (w *archiveWriter) raw(p []byte) {
	if w.err == nil {
		_, w.err = w.out.Write(p)
	}
}

func (w *archiveWriter) number(n uint64) {
	var b [binary.MaxVarintLen64]byte
	w.raw(b[:binary.PutUvarint(b[:], n)])
}

// entry writes a kind of entry and a text with its length.
func (w *archiveWriter) entry(kind byte, text []byte) {
	w.raw([]byte{kind})
	w.number(uint64(len(text)))
	w.raw(text)
}

// Begin implements Sink.
func (w *archiveWriter) Begin(r Record) (bool, error) {
	if !belongs(w.kind, r.Key) {
		w.foreign++
		return false, w.err
	}
	if ruleOf(r.Key) == never {
		return false, w.err
	}
	w.kindKey = kindOf(r.Key)
	w.entry(keyEntry, r.Key)
	w.number(uint64(r.Expires)) //nolint:gosec // a time since 1970
	w.raw([]byte{r.Version})
	return true, w.err
}

// Write implements Sink.
func (w *archiveWriter) Write(p []byte) (int, error) {
	w.bytes += int64(len(p))
	for rest := p; len(rest) > 0; {
		n := min(len(rest), chunkSize-len(w.chunk))
		w.chunk = append(w.chunk, rest[:n]...)
		rest = rest[n:]
		if len(w.chunk) == chunkSize {
			w.flushChunk(false)
		}
	}
	return len(p), w.err
}

// flushChunk writes a part of a value; its length carries the mark of the last one.
func (w *archiveWriter) flushChunk(last bool) {
	n := uint64(len(w.chunk)) << 1
	if last {
		n |= 1
	}
	w.number(n)
	w.raw(w.chunk)
	w.chunk = w.chunk[:0]
}

// End implements Sink.
func (w *archiveWriter) End() error {
	w.flushChunk(true)
	w.keys++
	w.records[w.kindKey]++
	if w.step != nil && w.keys%1024 == 0 {
		w.step(w.keys, w.bytes, w.outer.size)
	}
	return w.err
}

// finish completes the manifest and ends the archive with it.
func (w *archiveWriter) finish(m *Manifest) error {
	m.Records, m.Keys, m.Foreign, m.Bytes = w.records, w.keys, w.foreign, w.bytes
	text, err := json.Marshal(m)
	if err != nil {
		return err
	}
	w.entry(endEntry, text)
	if w.err == nil {
		w.err = w.out.Flush()
	}
	w.raw(w.inner.sum.Sum(nil))
	if w.err == nil {
		w.err = w.out.Flush()
	}
	for _, end := range []func() error{w.packed.Close, w.sealed.Close} {
		if w.err == nil {
			w.err = end()
		}
	}
	return w.err
}

// stored describes the finished archive.
func (w *archiveWriter) stored(name string) *Stored {
	return &Stored{Name: name, Size: w.outer.size, SHA256: hex.EncodeToString(w.outer.sum.Sum(nil))}
}
