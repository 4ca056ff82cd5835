package backup

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"
)

// ringKey holds the key ring.
const ringKey = "auth:keys"

// restoring is one restore.
type restoring struct {
	RestoreOptions

	now     time.Time
	index   *index
	end     Manifest
	changes map[string]*Change
	expired int64
	audited bool              // Redis has an audit log already
	ring    map[string]string // as it is in Redis
	sample  *sample           // a record to try: the key ring, if there is one
	named   []Named
}

// sample is a small record of the archive.
type sample struct {
	Record

	value []byte
}

// Restore brings records of an archive back.
//
// It reads the archive twice. The first time it checks all of it, and compares it with the installation; until that has
// succeeded, and Confirm has agreed, nothing is changed. Then it raises the epoch, so that no sign-in and no token of the
// archive counts, writes the records, removes those that the archive does not have, and raises the epoch again, which ends
// what was issued meanwhile. An error in this second part leaves a mixture; the same restore repeated completes it.
func Restore(ctx context.Context, o RestoreOptions) (Plan, error) {
	r := &restoring{RestoreOptions: o, now: o.Now(), index: newIndex(), changes: make(map[string]*Change)}
	if err := r.examine(ctx); err != nil {
		return Plan{}, err
	}
	if err := r.survey(ctx); err != nil {
		return Plan{}, err
	}
	if o.DryRun {
		if err := r.compare(ctx); err != nil {
			return Plan{}, err
		}
		return r.plan(), nil
	}
	if agreed, err := o.Confirm(r.plan()); err != nil || !agreed {
		return r.plan(), err
	}
	to, err := r.begin(ctx)
	if err != nil {
		return r.plan(), fmt.Errorf("nothing was restored, and the records are as before, although sign-ins may have ended: %w", err)
	}
	defer to.Close()
	if err := r.apply(ctx, to); err != nil {
		return r.plan(), fmt.Errorf("the restore stopped in the middle, and the installation is a mixture now; remove the cause and run the same restore again: %w", err)
	}
	plan := r.plan()
	plan.Done = true
	return plan, nil
}

// wanted reports whether a record of the archive is restored.
func (r *restoring) wanted(e Record) bool {
	return r.Part.includes(e.Key) && ruleOf(e.Key) != never && (e.Expires == 0 || e.Expires > r.now.UnixMilli())
}

// examine reads the whole archive and decides whether it fits.
func (r *restoring) examine(ctx context.Context) error {
	in, err := openArchive(ctx, r.From, r.Name, r.Key)
	if err != nil {
		return refused(r.From, r.Name, err)
	}
	defer in.close()
	if in.header.Kind != r.Kind {
		return refused(r.From, r.Name, fmt.Errorf("it is a backup of kind %s, and --kind is %s", in.header.Kind, r.Kind))
	}
	if err := in.all(r.Progress, r.learn); err != nil {
		return refused(r.From, r.Name, err)
	}
	r.index.close()
	r.end = in.end
	return r.fits(ctx)
}

// learn takes a record of the archive into the index.
func (r *restoring) learn(e *entry) error {
	r.index.person(e.Key)
	wanted := r.wanted(e.Record)
	if wanted {
		r.index.add(e.Key)
		r.change(e.Key).Add++
	} else if r.Part.includes(e.Key) && ruleOf(e.Key) != never {
		r.expired++
	}
	if ring := string(e.Key) == ringKey; e.whole && (ring || r.sample == nil && wanted) {
		r.sample = &sample{Record{bytes.Clone(e.Key), 0, e.Version}, bytes.Clone(e.first)}
	}
	if e.whole || !wanted {
		return e.chunks(func([]byte) error { return nil })
	}
	size := int64(0)
	err := e.chunks(func(chunk []byte) error { size += int64(len(chunk)); return nil })
	r.index.sizes[r.index.hash(e.Key)] = size
	return err
}

// fits refuses an archive that this installation cannot take.
func (r *restoring) fits(ctx context.Context) error {
	has, err := r.To.Describe(ctx)
	if err != nil {
		return err
	}
	owner := cmp.Or(has.Issuer, r.Issuer)
	clustered := func(mode string) bool { return mode == "cluster" }
	switch m := r.end; {
	case r.Kind == Auth && (m.Source.Data > r.Data.Newest || m.Source.Data < r.Data.Oldest):
		err = fmt.Errorf("%w: its records have data version %d, and this release reads %d to %d; install oauth2d %s, restore, and change the version then (docs/upgrade.md)",
			ErrFormat, m.Source.Data, r.Data.Oldest, r.Data.Newest, m.Version)
	case !sameRelease(m.Version, r.Version) && r.Accept != m.Version:
		err = fmt.Errorf("%w: oauth2d %s, and this is %s; install that version, restore, and change the version then; "+
			"or add --accept-version %s, because the data versions fit", ErrFormat, m.Version, r.Version, m.Version)
	case clustered(m.Source.Mode) != clustered(has.Mode):
		err = fmt.Errorf("it is of a Redis in %s mode, and this one is in %s mode: the names of the keys differ", m.Source.Mode, has.Mode)
	case has.Issuer != "" && r.Issuer != "" && has.Issuer != r.Issuer && has.Issuer != r.Earlier:
		return &refusal{fmt.Errorf("this Redis has the records of the issuer %s, and the settings name %s: give the settings of the servers", has.Issuer, r.Issuer)}
	case m.Source.Issuer != "" && owner != "" && m.Source.Issuer != owner:
		err = fmt.Errorf("it is of the issuer %s, and this installation is %s: tokens and links name the issuer", m.Source.Issuer, owner)
	case has.Memory > 0 && memory(m) > has.Memory:
		err = fmt.Errorf("its records need about %d MiB of memory, and maxmemory of Redis is %d MiB", memory(m)>>20, has.Memory>>20)
	case r.KeepSignIns && r.Part == ClientsAndUsers:
		err = errors.New("--keep-sign-ins restores everything: the sign-ins of this installation belong to its present clients and users")
	default:
		err = r.try(ctx)
	}
	if err != nil {
		return refused(r.From, r.Name, err)
	}
	return nil
}

// memory returns the memory that the records of an archive need in Redis, in bytes. 100,000 access tokens, of 97 bytes each in
// the archive, need 262 bytes each: their names and the tables of Redis count for more than their values.
func memory(m Manifest) int64 {
	const perKey = 128
	return m.Bytes + m.Bytes/2 + perKey*m.Keys
}

// sameRelease reports whether two versions differ at most in the last number: such releases store the same records. A
// version that is not of a release equals only itself.
func sameRelease(a, b string) bool {
	release := func(v string) (string, bool) {
		parts := strings.Split(strings.TrimPrefix(v, "v"), ".")
		if len(parts) != 3 || strings.ContainsAny(v, "-+") {
			return "", false
		}
		return parts[0] + "." + parts[1], true
	}
	x, ok := release(a)
	y, and := release(b)
	return a == b || ok && and && x == y
}

// try lets Redis take one record, and compares the key rings.
func (r *restoring) try(ctx context.Context) error {
	if r.sample == nil {
		return nil
	}
	archived, err := r.To.TryHash(ctx, r.sample.Record, r.sample.value)
	if err != nil {
		return err
	}
	if r.CheckRing == nil || string(r.sample.Key) != ringKey {
		return nil
	}
	present, err := r.To.Values(ctx, [][]byte{[]byte(ringKey)})
	if err != nil {
		return err
	}
	if present[0] != nil {
		if r.ring, err = r.To.TryHash(ctx, Record{Key: []byte(ringKey), Version: r.sample.Version}, present[0]); err != nil {
			return err
		}
	}
	if r.Part == ClientsAndUsers && r.ring == nil {
		return errors.New("this installation has no key ring, without which the clients' secrets are not valid: restore everything")
	}
	if r.Part != ClientsAndUsers {
		return r.CheckRing(archived, nil)
	}
	return r.CheckRing(r.ring, archived)
}

// survey finds out what Redis has now.
func (r *restoring) survey(ctx context.Context) error {
	return r.To.Scan(ctx, func(key []byte) error {
		if !belongs(r.Kind, key) {
			return nil
		}
		r.index.person(key)
		rule := ruleOf(key)
		if !r.Part.includes(key) || rule == never {
			return nil
		}
		at, archived := r.index.at(key)
		if archived && r.index.live[at] {
			return nil
		}
		switch c := r.change(key); {
		case archived && rule == preserve:
			c.Add--
			c.Keep++
		case archived:
			c.Add--
			c.Replace++
		case rule == replace:
			c.Remove++
			r.name(key, "remove")
		}
		if archived {
			r.index.live[at] = true
		}
		r.audited = r.audited || kindOf(key) == "auth:audit"
		return nil
	})
}

func (r *restoring) change(key []byte) *Change {
	kind := kindOf(key)
	if r.changes[kind] == nil {
		r.changes[kind] = &Change{Kind: kind}
	}
	return r.changes[kind]
}

// name records a change of a client or a user for a dry run.
func (r *restoring) name(key []byte, does string) {
	if !r.DryRun {
		return
	}
	kind, _ := strings.CutPrefix(kindOf(key), "auth:")
	if kind != "client" && kind != "user" {
		return
	}
	id := string(key[bytes.LastIndexByte(key, ':')+1:])
	_, bare, tagged := strings.Cut(id, "}")
	if tagged {
		id = bare
	}
	r.named = append(r.named, Named{Kind: kind, ID: id, Does: does})
}

// stays reports whether a record that Redis has stays as it is.
func (r *restoring) stays(key []byte) bool {
	if ruleOf(key) != preserve {
		return false
	}
	if r.audited && kindOf(key) == "auth:audit" {
		return true // the log and its end belong together
	}
	at, ok := r.index.at(key)
	return ok && r.index.live[at]
}

// plan returns the changes.
func (r *restoring) plan() Plan {
	p := Plan{Name: r.Name, Compared: r.DryRun, Manifest: r.end, Part: r.Part, Expired: r.expired, Named: r.named}
	if !r.KeepSignIns && r.Kind == Auth {
		p.People = int64(len(r.index.people))
	}
	for _, c := range r.changes {
		p.Changes = append(p.Changes, *c)
	}
	slices.SortFunc(p.Changes, func(a, b Change) int { return cmp.Compare(a.Kind, b.Kind) })
	slices.SortFunc(p.Named, func(a, b Named) int { return cmp.Or(cmp.Compare(a.Kind, b.Kind), cmp.Compare(a.ID, b.ID)) })
	return p
}
