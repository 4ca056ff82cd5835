package redisconn

import (
	"context"
	"errors"
	"fmt"
	"strings"
)

// DataVersion describes the layouts of the data in Redis that a release works with. docs/upgrade.md states when the
// numbers grow.
type DataVersion struct {
	Writes int // the version of the layout that it writes
	Reads  int // the oldest version that it reads
	ReadBy int // the oldest version whose releases read what it writes
}

// CurrentDataVersion returns the layouts of this release.
func CurrentDataVersion() DataVersion { return DataVersion{Writes: 1, Reads: 1, ReadBy: 1} }

// unversioned is the version of data from before there was a record of it.
const unversioned = 1

// Claim returns these errors for data that this release cannot work on.
var (
	ErrDataNewer = errors.New("the data of a newer release")
	ErrDataOlder = errors.New("the data of too old a release")
)

// claimVersion checks that this release can work on the data, and records what it writes. Owners that only look record
// nothing.
func (db *DB) claimVersion(ctx context.Context, o Owner) error {
	owner, err := db.Owner(ctx)
	if err != nil {
		return err
	}
	v, record, absent := db.opt.DataVersion, "", unversioned
	if owner == "" {
		absent = v.Writes // Redis is empty
	}
	if o.Name != "" && !db.opt.Observer {
		record = "1"
	}
	answer, err := db.Write(ctx, "claim", db.claims.version, []string{db.keys.version}, v.Writes, v.ReadBy, v.Reads, absent, record)
	if err != nil {
		return err
	}
	return v.judge(answer, strings.Join(db.opt.Addrs, ","))
}

// judge turns the answer of the script into an error with the remedy; nil when the release can work on the data.
func (v DataVersion) judge(answer any, addrs string) error {
	words, _ := answer.([]string)
	if len(words) != 3 {
		return fmt.Errorf("redis: the version of the data at %s cannot be read: %v", addrs, answer)
	}
	switch words[0] {
	case "newer":
		return fmt.Errorf("redis: %s holds %w: version %s, which releases with data version %s or later read; this release has "+
			"data version %d: start the newer release again, or restore a backup from before the upgrade (docs/upgrade.md)",
			addrs, ErrDataNewer, words[1], words[2], v.Writes)
	case "older":
		return fmt.Errorf("redis: %s holds %w: version %s; this release reads data version %d or later: "+
			"upgrade to the release in between first (docs/upgrade.md)", addrs, ErrDataOlder, words[1], v.Reads)
	}
	return nil
}
