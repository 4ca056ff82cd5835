package rdb

import "fmt"

// The types of values that are not one string (rdb.h of Redis 7 and 8).
const (
	typeList          = 1
	typeSet           = 2
	typeZsetText      = 3
	typeHash          = 4
	typeZset          = 5
	typeModule        = 7
	typeQuicklist     = 14
	typeStream        = 15
	typeQuicklist2    = 18
	typeStream2       = 19
	typeStream3       = 21
	typeHashTTLOld    = 22
	typeHashTTL       = 24
	typeHashPackedTTL = 25
)

// value reads one value.
func (s *Stream) value(kind byte) error {
	switch kind {
	case 0, 9, 10, 11, 12, 13, 16, 17, 20, 23: // a string, or a packed form in one string
		return s.string()
	case typeList, typeSet, typeQuicklist:
		return s.each(s.string)
	case typeHash:
		return s.each(s.strings(2))
	case typeZset:
		return s.each(func() error { return s.after(s.string, 8) })
	case typeZsetText:
		return s.each(s.textScore)
	case typeQuicklist2:
		return s.each(func() error { return s.numbersThen(1, s.string) })
	case typeHashTTL:
		if err := s.skip(8); err != nil {
			return err
		}
		return s.each(func() error { return s.numbersThen(1, s.strings(2)) })
	case typeHashTTLOld:
		return s.each(func() error { return s.numbersThen(1, s.strings(2)) })
	case typeHashPackedTTL:
		if err := s.skip(8); err != nil {
			return err
		}
		return s.string()
	case typeStream, typeStream2, typeStream3:
		return s.streamValue(kind)
	case typeModule:
		if _, err := s.count(); err != nil {
			return err
		}
		return s.module()
	}
	return fmt.Errorf("%w: the server sends a value of type %d, which this version of oauth2d does not know", ErrStream, kind)
}

// string reads one string of any form.
func (s *Stream) string() error {
	n, special, err := s.length()
	if err != nil {
		return err
	}
	if !special {
		return s.skip(n)
	}
	switch n {
	case int8Form, int16Form, int32Form:
		return s.skip(1 << n)
	case lzfForm:
		packed, err := s.count()
		if err != nil {
			return err
		}
		if _, err := s.count(); err != nil {
			return err
		}
		return s.skip(packed)
	}
	return fmt.Errorf("%w: a string of form %d", ErrStream, n)
}

// strings returns a function that reads n strings.
func (s *Stream) strings(n int) func() error {
	return func() error {
		for range n {
			if err := s.string(); err != nil {
				return err
			}
		}
		return nil
	}
}

// each reads a number, and that many things.
func (s *Stream) each(one func() error) error {
	n, err := s.count()
	if err != nil {
		return err
	}
	for range n {
		if err := one(); err != nil {
			return err
		}
	}
	return nil
}

// after reads a thing and n bytes after it.
func (s *Stream) after(one func() error, n uint64) error {
	if err := one(); err != nil {
		return err
	}
	return s.skip(n)
}

// numbersThen reads n numbers and a thing after them.
func (s *Stream) numbersThen(n int, one func() error) error {
	for range n {
		if _, err := s.count(); err != nil {
			return err
		}
	}
	return one()
}

// textScore reads a member of a sorted set in its oldest form.
func (s *Stream) textScore() error {
	if err := s.string(); err != nil {
		return err
	}
	n, err := s.byte()
	if err != nil || n >= 253 { // not a number, and the two infinities
		return err
	}
	return s.skip(uint64(n))
}

// streamValue reads a stream: its nodes, its counters, and its consumer groups.
func (s *Stream) streamValue(kind byte) error {
	if err := s.each(s.strings(2)); err != nil {
		return err
	}
	counters, groupNumbers, consumerTimes := 3, 2, uint64(8)
	if kind >= typeStream2 {
		counters, groupNumbers = 8, 3
	}
	if kind >= typeStream3 {
		consumerTimes = 16
	}
	pending := func() error {
		if err := s.skip(16 + 8); err != nil {
			return err
		}
		_, err := s.count()
		return err
	}
	consumer := func() error {
		if err := s.after(s.string, consumerTimes); err != nil {
			return err
		}
		return s.each(func() error { return s.skip(16) })
	}
	group := func() error {
		if err := s.string(); err != nil {
			return err
		}
		if err := s.numbersThen(groupNumbers, func() error { return s.each(pending) }); err != nil {
			return err
		}
		return s.each(consumer)
	}
	return s.numbersThen(counters, func() error { return s.each(group) })
}

// module reads the parts of a module's value. Each begins with its kind.
func (s *Stream) module() error {
	for {
		kind, err := s.count()
		if err != nil {
			return err
		}
		switch kind {
		case 0:
			return nil
		case 1, 2:
			_, err = s.count()
		case 3:
			err = s.skip(4)
		case 4:
			err = s.skip(8)
		case 5:
			err = s.string()
		default:
			err = fmt.Errorf("%w: a part of a module's value of kind %d", ErrStream, kind)
		}
		if err != nil {
			return err
		}
	}
}
