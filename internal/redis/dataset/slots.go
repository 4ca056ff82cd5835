package dataset

import (
	"strconv"
	"strings"
)

// slots is the number of hash slots of a cluster.
const slots = 16384

// SlotOf returns the hash slot of a key (Redis Cluster specification: CRC16/XMODEM of the hash tag).
func SlotOf(key string) int {
	var crc uint16
	for _, c := range []byte(Tag(key)) {
		crc ^= uint16(c) << 8
		for range 8 {
			if crc&0x8000 != 0 {
				crc = crc<<1 ^ 0x1021
			} else {
				crc <<= 1
			}
		}
	}
	return int(crc) % slots
}

// Tag returns the part of a key that decides on its slot.
func Tag(key string) string {
	if _, rest, found := strings.Cut(key, "{"); found {
		if inner, _, closed := strings.Cut(rest, "}"); closed && inner != "" {
			return inner
		}
	}
	return key
}

// MarkerIn returns a key in a slot.
func MarkerIn(name string, slot int) string {
	for i := 0; ; i++ {
		if tag := strconv.Itoa(i); SlotOf(tag) == slot {
			return name + ":{" + tag + "}"
		}
	}
}
