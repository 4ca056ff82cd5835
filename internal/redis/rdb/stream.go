package rdb

import (
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc64"
	"io"
)

// bufferSize is the part of the stream that is held in memory.
const bufferSize = 256 << 10

// jones is the polynomial of Redis, in Go's reversed form.
const jones = 0x95ac9329ac4bc9b5

// Checksum is the CRC64 of Redis. Go inverts the sum before and after, Redis does not.
type Checksum struct {
	table *crc64.Table
	sum   uint64
}

// NewChecksum returns the checksum of nothing.
func NewChecksum() Checksum { return Checksum{table: crc64.MakeTable(jones)} }

// Add takes further bytes into the checksum.
func (c *Checksum) Add(p []byte) { c.sum = ^crc64.Update(^c.sum, c.table, p) }

// Stream reads an RDB. It keeps the checksum of what was read, and copies the bytes of a value to the caller. Both happen
// when the buffer is refilled, because most reads are of a few bytes.
type Stream struct {
	in         io.Reader
	buf        []byte
	r, w       int // buf[r:w] is not read yet
	summed     int // buf[summed:r] is not in the checksum yet
	sum        Checksum
	out        io.Writer // nil: nothing is copied
	copied     int       // buf[copied:r] is not copied yet
	writeError error     // of out
}

// NewStream returns a reader of an RDB.
func NewStream(in io.Reader) *Stream {
	return &Stream{in: in, buf: make([]byte, bufferSize), sum: NewChecksum()}
}

// settle brings the checksum and the copy up to what was read.
func (s *Stream) settle() error {
	s.sum.Add(s.buf[s.summed:s.r])
	s.summed = s.r
	if s.out == nil {
		return nil
	}
	if _, err := s.out.Write(s.buf[s.copied:s.r]); err != nil {
		s.writeError = err
		return err
	}
	s.copied = s.r
	return nil
}

// copyTo sends what is read from now on to a writer; nil ends that.
func (s *Stream) copyTo(out io.Writer) error {
	if s.out != nil {
		if err := s.settle(); err != nil {
			return err
		}
	}
	s.out, s.copied = out, s.r
	return nil
}

// fill makes n bytes available, of at most the buffer's size.
func (s *Stream) fill(n int) error {
	if s.w-s.r >= n {
		return nil
	}
	if err := s.settle(); err != nil {
		return err
	}
	s.w = copy(s.buf, s.buf[s.r:s.w])
	s.r, s.summed, s.copied = 0, 0, 0
	for s.w < n {
		got, err := s.in.Read(s.buf[s.w:])
		s.w += got
		if err != nil && s.w < n {
			if errors.Is(err, io.EOF) {
				err = io.ErrUnexpectedEOF
			}
			return err
		}
	}
	return nil
}

// Next reads n bytes, of at most the buffer's size. They are valid until the next call.
func (s *Stream) Next(n int) ([]byte, error) {
	if err := s.fill(n); err != nil {
		return nil, err
	}
	s.r += n
	return s.buf[s.r-n : s.r], nil
}

func (s *Stream) byte() (byte, error) {
	b, err := s.Next(1)
	if err != nil {
		return 0, err
	}
	return b[0], nil
}

// skip reads n bytes of any number.
func (s *Stream) skip(n uint64) error {
	for n > 0 {
		part := min(n, bufferSize)
		if _, err := s.Next(int(part)); err != nil {
			return err
		}
		n -= part
	}
	return nil
}

// The forms of a length, by the upper two bits of its first byte.
const (
	len6  = 0
	len14 = 1
	len32 = 0x80
	len64 = 0x81
)

// The special forms of a string, in the lower six bits.
const (
	int8Form  = 0
	int16Form = 1
	int32Form = 2
	lzfForm   = 3
)

// length reads a length. special reports that the number is the form of a string instead.
func (s *Stream) length() (n uint64, special bool, err error) {
	first, err := s.byte()
	if err != nil {
		return 0, false, err
	}
	low := uint64(first & 0x3f)
	switch {
	case first>>6 == len6:
		return low, false, nil
	case first>>6 == len14:
		second, err := s.byte()
		return low<<8 | uint64(second), false, err
	case first == len32:
		b, err := s.Next(4)
		if err != nil {
			return 0, false, err
		}
		return uint64(binary.BigEndian.Uint32(b)), false, nil
	case first == len64:
		b, err := s.Next(8)
		if err != nil {
			return 0, false, err
		}
		return binary.BigEndian.Uint64(b), false, nil
	case first>>6 == 3:
		return low, true, nil
	}
	return 0, false, fmt.Errorf("%w: a length begins with %#x", ErrStream, first)
}

// count reads a length that is a number of things.
func (s *Stream) count() (uint64, error) {
	n, special, err := s.length()
	if special {
		return 0, fmt.Errorf("%w: a number is missing", ErrStream)
	}
	return n, err
}

// Sum returns the checksum.
func (c *Checksum) Sum() uint64 { return c.sum }

// ErrStream is returned for a stream that is no RDB, or one of a form that is not known.
var ErrStream = errors.New("the snapshot of Redis cannot be read")

// maxKey bounds the length of a key name.
const maxKey = 64 << 10

// text reads a string that is kept, such as a key name. Redis compresses key names of more than 20 bytes only when that
// is shorter.
func (s *Stream) text() ([]byte, error) {
	n, special, err := s.length()
	if err != nil {
		return nil, err
	}
	if special {
		return s.specialText(n)
	}
	if n > maxKey {
		return nil, fmt.Errorf("%w: a key of %d bytes", ErrStream, n)
	}
	b, err := s.Next(int(n))
	return append([]byte(nil), b...), err
}

func (s *Stream) specialText(form uint64) ([]byte, error) {
	switch form {
	case int8Form, int16Form, int32Form:
		b, err := s.Next(1 << form)
		if err != nil {
			return nil, err
		}
		var n int64
		switch form {
		case int8Form:
			n = int64(int8(b[0])) //nolint:gosec // the form is signed
		case int16Form:
			n = int64(int16(binary.LittleEndian.Uint16(b))) //nolint:gosec // the form is signed
		default:
			n = int64(int32(binary.LittleEndian.Uint32(b))) //nolint:gosec // the form is signed
		}
		return fmt.Append(nil, n), nil
	case lzfForm:
		packed, err := s.count()
		if err != nil {
			return nil, err
		}
		size, err := s.count()
		if err != nil {
			return nil, err
		}
		if packed > maxKey || size > maxKey {
			return nil, fmt.Errorf("%w: a key of %d bytes", ErrStream, size)
		}
		b, err := s.Next(int(packed))
		if err != nil {
			return nil, err
		}
		return decompress(b, int(size))
	}
	return nil, fmt.Errorf("%w: a string of form %d", ErrStream, form)
}

// decompress undoes LZF: a control byte below 32 begins that many bytes and one more; any other is a reference back.
func decompress(in []byte, size int) ([]byte, error) {
	bad := fmt.Errorf("%w: a compressed key name is damaged", ErrStream)
	out := make([]byte, 0, size)
	for len(in) > 0 {
		control := int(in[0])
		in = in[1:]
		if control < 32 {
			if control+1 > len(in) {
				return nil, bad
			}
			out, in = append(out, in[:control+1]...), in[control+1:]
			continue
		}
		n, back := control>>5, (control&0x1f)<<8
		if n == 7 {
			if len(in) == 0 {
				return nil, bad
			}
			n, in = n+int(in[0]), in[1:]
		}
		if len(in) == 0 {
			return nil, bad
		}
		from := len(out) - back - int(in[0]) - 1
		in = in[1:]
		if from < 0 || len(out)+n+2 > size {
			return nil, bad
		}
		for i := range n + 2 {
			out = append(out, out[from+i])
		}
	}
	if len(out) != size {
		return nil, bad
	}
	return out, nil
}
