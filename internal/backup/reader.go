package backup

import (
	"bufio"
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"strings"

	"github.com/klauspost/compress/zstd"
)

// archiveReader reads an archive from its beginning to its end.
type archiveReader struct {
	file    io.Closer
	outer   *tally // of what was read from the destination
	packed  *zstd.Decoder
	sum     *tally // of the entries
	in      *bufio.Reader
	header  header
	records map[string]int64
	keys    int64
	bytes   int64
	chunk   []byte
	end     Manifest // after the last record
	unread  error    // of the destination: the archive may be whole
}

// openArchive opens an archive and reads its header.
func openArchive(ctx context.Context, from Destination, name string, key Key) (*archiveReader, error) {
	file, err := from.Open(ctx, name)
	if err != nil {
		return nil, err
	}
	r := &archiveReader{file: file, records: make(map[string]int64), outer: &tally{out: io.Discard, sum: sha256.New()}}
	if err := r.start(bufio.NewReaderSize(fileReader{r, ctx, file}, chunkSize), key); err != nil {
		r.close()
		return nil, err
	}
	return r, nil
}

func (r *archiveReader) close() {
	if r.packed != nil {
		r.packed.Close()
	}
	_ = r.file.Close() // it was only read
}

// fileReader reads from the destination until its context ends.
type fileReader struct {
	*archiveReader

	ctx context.Context //nolint:containedctx // of the call that reads the archive
	in  io.Reader
}

// Read implements io.Reader.
func (f fileReader) Read(b []byte) (int, error) {
	if f.unread = f.ctx.Err(); f.unread != nil {
		return 0, f.unread
	}
	n, err := f.in.Read(b)
	_, _ = f.outer.Write(b[:n]) // a hash returns no error
	if err != nil && !errors.Is(err, io.EOF) {
		f.unread = err
	}
	return n, err
}

// start reads the first line, and the copy of it inside the encrypted part.
func (r *archiveReader) start(in *bufio.Reader, key Key) error {
	line, err := firstLine(in)
	if err != nil {
		return err
	}
	if err := json.Unmarshal(line, &r.header); err != nil {
		return ErrDamaged
	}
	if r.header.Format != Format {
		return fmt.Errorf("%w: its format is %d, and this version reads format %d; it was written by oauth2d %s, which can restore it",
			ErrFormat, r.header.Format, Format, r.header.Version)
	}
	plain, err := key.open(in, r.header.Encryption)
	if err != nil {
		return damage(err, r.unread)
	}
	r.packed, err = zstd.NewReader(plain, zstd.WithDecoderConcurrency(1), zstd.WithDecoderMaxWindow(windowSize), zstd.WithDecoderLowmem(true))
	if err != nil {
		return damage(err, r.unread)
	}
	r.sum = &tally{out: io.Discard, sum: sha256.New()}
	r.in = bufio.NewReaderSize(r.packed, chunkSize)
	kind, err := r.byte()
	if err != nil {
		return damage(err, r.unread)
	}
	inner, err := r.text(maxHeader)
	if err != nil {
		return damage(err, r.unread)
	}
	if kind != headerEntry || !bytes.Equal(inner, line) {
		return fmt.Errorf("%w: somebody changed its first line", ErrDamaged)
	}
	return nil
}

// firstLine returns the header of an archive.
func firstLine(in *bufio.Reader) ([]byte, error) {
	found, err := in.Peek(len(magic))
	if err != nil && !errors.Is(err, io.EOF) {
		return nil, err
	}
	if !strings.HasPrefix(magic, string(found)) || len(found) == 0 {
		return nil, ErrForeign
	}
	if len(found) < len(magic) {
		return nil, ErrCut
	}
	ahead, err := in.Peek(maxHeader)
	end := bytes.IndexByte(ahead, '\n')
	switch {
	case end < 0 && errors.Is(err, io.EOF):
		return nil, ErrCut
	case end < 0:
		return nil, ErrForeign
	}
	line := bytes.Clone(ahead[len(magic):end])
	_, err = in.Discard(end + 1)
	return line, err
}

func (r *archiveReader) byte() (byte, error) {
	b, err := r.in.ReadByte()
	if err == nil {
		_, _ = r.sum.Write([]byte{b}) // a hash returns no error
	}
	return b, err
}

func (r *archiveReader) number() (uint64, error) { return binary.ReadUvarint(byteReader{r}) }

// byteReader reads bytes that are part of the checksum.
type byteReader struct{ r *archiveReader }

// ReadByte implements io.ByteReader.
func (b byteReader) ReadByte() (byte, error) { return b.r.byte() }

// fill reads bytes that are part of the checksum.
func (r *archiveReader) fill(p []byte) error {
	_, err := io.ReadFull(r.in, p)
	_, _ = r.sum.Write(p) // a hash returns no error
	return err
}

// text reads a text with its length.
func (r *archiveReader) text(most uint64) ([]byte, error) {
	n, err := r.number()
	if err != nil {
		return nil, err
	}
	if n > most {
		return nil, fmt.Errorf("%w: a length of %d", ErrDamaged, n)
	}
	p := make([]byte, n)
	return p, r.fill(p)
}

// entry is a record of an archive. Its value is read by chunks, which must happen before the next entry.
type entry struct {
	Record

	r     *archiveReader
	first []byte // the first chunk, which is the whole value if there is no other
	whole bool
}

// maxKey bounds the length of a key name.
const maxKey = 64 << 10

// next returns the next record. At the end of the archive, which was compared with its checksums, the error is io.EOF.
func (r *archiveReader) next() (entry, error) {
	kind, err := r.byte()
	if err != nil {
		return entry{}, damage(err, r.unread)
	}
	switch kind {
	case keyEntry:
		e, err := r.record()
		if err != nil {
			err = damage(err, r.unread)
		}
		return e, err
	case endEntry:
		if err := r.finish(); err != nil {
			return entry{}, damage(err, r.unread)
		}
		return entry{}, io.EOF
	}
	return entry{}, fmt.Errorf("%w: an entry of kind %d", ErrDamaged, kind)
}

func (r *archiveReader) record() (entry, error) {
	key, err := r.text(maxKey)
	if err != nil {
		return entry{}, err
	}
	expires, err := r.number()
	if err != nil {
		return entry{}, err
	}
	version, err := r.byte()
	if err != nil {
		return entry{}, err
	}
	e := entry{Record: Record{Key: key, Expires: int64(expires), Version: version}, r: r} //nolint:gosec // as it was written
	if e.first, e.whole, err = r.readChunk(); err != nil {
		return entry{}, err
	}
	r.keys++
	r.records[kindOf(key)]++
	return e, nil
}

// readChunk reads a part of a value. It is valid until the next call.
func (r *archiveReader) readChunk() (chunk []byte, last bool, err error) {
	n, err := r.number()
	if err != nil {
		return nil, false, err
	}
	size := n >> 1
	if size > chunkSize {
		return nil, false, fmt.Errorf("%w: a chunk of %d bytes", ErrDamaged, size)
	}
	if r.chunk == nil {
		r.chunk = make([]byte, chunkSize)
	}
	r.bytes += int64(size)
	return r.chunk[:size], n&1 == 1, r.fill(r.chunk[:size])
}

// chunks calls use for each part of the value.
func (e *entry) chunks(use func([]byte) error) error {
	chunk, last := e.first, e.whole
	for {
		if err := use(chunk); err != nil || last {
			return err
		}
		var err error
		if chunk, last, err = e.r.readChunk(); err != nil {
			return damage(err, e.r.unread)
		}
	}
}

// finish reads the manifest, compares the checksum and the counts, and makes sure that nothing follows.
func (r *archiveReader) finish() error {
	text, err := r.text(maxManifest)
	if err != nil {
		return err
	}
	want := r.sum.sum.Sum(nil)
	got := make([]byte, len(want))
	if _, err := io.ReadFull(r.in, got); err != nil {
		return err
	}
	if !bytes.Equal(got, want) {
		return fmt.Errorf("%w: its checksum is wrong", ErrDamaged)
	}
	if n, err := io.Copy(io.Discard, r.in); err != nil || n != 0 {
		return fmt.Errorf("%w: something follows its end (%w)", ErrDamaged, err)
	}
	if err := json.Unmarshal(text, &r.end); err != nil {
		return fmt.Errorf("%w: %w", ErrDamaged, err)
	}
	if r.end.Keys != r.keys || r.end.Bytes != r.bytes || !maps.Equal(r.end.Records, r.records) {
		return fmt.Errorf("%w: its manifest counts %d records, and it holds %d", ErrDamaged, r.end.Keys, r.keys)
	}
	return nil
}

// digest returns the SHA-256 of the archive, after its end was read.
func (r *archiveReader) digest() string { return hex.EncodeToString(r.outer.sum.Sum(nil)) }
