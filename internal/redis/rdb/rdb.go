package rdb

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"strconv"

	"github.com/recipe-web-app/oauth2d/internal/backup"
)

// The codes that stand where the type of a value could.
const (
	opSlotInfo  = 244
	opFunction  = 245
	opModule    = 247
	opIdle      = 248
	opFrequency = 249
	opAux       = 250
	opSizes     = 251
	opExpiryMs  = 252
	opExpiry    = 253
	opDatabase  = 254
	opEnd       = 255
)

// reader cuts an RDB into records.
type reader struct {
	*Stream
	db      uint64 // whose records are wanted
	at      uint64 // whose records follow
	version byte   // of the RDB; it belongs to every value
	expires int64  // of the next record, in ms since 1970
	redis   string // the version of the server
}

// Copy sends the records of one database to a sink, and returns the version of the server. The checksum at the end
// was compared when the error is nil.
func (s *Stream) Copy(db int, to backup.Sink) (string, error) {
	r := &reader{Stream: s, db: uint64(db)} //nolint:gosec // 0 to 15
	head, err := r.Next(9)
	if err != nil {
		return "", err
	}
	version, bad := strconv.ParseUint(string(head[5:]), 10, 8)
	if !bytes.HasPrefix(head, []byte("REDIS")) || bad != nil {
		return "", fmt.Errorf("%w: it begins with %q", ErrStream, head)
	}
	r.version = byte(version)
	for {
		code, err := r.byte()
		if err != nil {
			return "", err
		}
		if code == opEnd {
			return r.redis, r.end()
		}
		if code >= opSlotInfo {
			err = r.special(code)
		} else {
			err = r.record(code, to)
		}
		if err != nil {
			return "", err
		}
	}
}

// end compares the checksum. A server with rdbchecksum no sends zeros.
func (r *reader) end() error {
	if r.version < 5 {
		return nil
	}
	if err := r.settle(); err != nil {
		return err
	}
	want := r.sum.sum
	b, err := r.Next(8)
	if err != nil {
		return err
	}
	if got := binary.LittleEndian.Uint64(b); got != 0 && got != want {
		return fmt.Errorf("%w: its checksum is wrong", ErrStream)
	}
	return nil
}

// special reads an entry that holds no key.
func (r *reader) special(code byte) error {
	switch code {
	case opExpiryMs, opExpiry:
		return r.expiry(code)
	case opDatabase:
		var err error
		r.at, err = r.count()
		return err
	case opAux:
		return r.aux()
	case opSizes:
		return r.numbers(2)
	case opSlotInfo:
		return r.numbers(3)
	case opIdle:
		return r.numbers(1)
	case opFrequency:
		return r.skip(1)
	case opFunction:
		return r.string()
	case opModule:
		return r.numbersThen(3, r.module)
	}
	return fmt.Errorf("%w: the code %d, which this version of oauth2d does not know", ErrStream, code)
}

func (r *reader) numbers(n int) error { return r.numbersThen(n, func() error { return nil }) }

func (r *reader) expiry(code byte) error {
	if code == opExpiry {
		b, err := r.Next(4)
		if err == nil {
			r.expires = int64(binary.LittleEndian.Uint32(b)) * 1000
		}
		return err
	}
	b, err := r.Next(8)
	if err == nil {
		r.expires = int64(binary.LittleEndian.Uint64(b)) //nolint:gosec // a time
	}
	return err
}

// aux reads a property of the server.
func (r *reader) aux() error {
	name, err := r.text()
	if err != nil {
		return err
	}
	if string(name) != "redis-ver" && string(name) != "valkey-ver" {
		return r.string()
	}
	value, err := r.text()
	r.redis = string(value)
	return err
}

// record reads a key and its value.
func (r *reader) record(kind byte, to backup.Sink) error {
	key, err := r.text()
	if err != nil {
		return err
	}
	expires := r.expires
	r.expires = 0
	if r.at != r.db {
		return r.value(kind)
	}
	wanted, err := to.Begin(backup.Record{Key: key, Expires: expires, Version: r.version})
	if err != nil {
		return err
	}
	if !wanted {
		return r.value(kind)
	}
	if _, err := to.Write([]byte{kind}); err != nil {
		return err
	}
	if err := r.copyTo(to); err != nil {
		return err
	}
	if err := r.value(kind); err != nil {
		return err
	}
	if err := r.copyTo(nil); err != nil {
		return err
	}
	return to.End()
}
