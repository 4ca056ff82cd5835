package rotation

import (
	"cmp"
	"context"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/recipe-web-app/oauth2d/internal/config"
	"github.com/recipe-web-app/oauth2d/internal/keyring"
	"github.com/recipe-web-app/oauth2d/internal/oauth"
	"github.com/recipe-web-app/oauth2d/internal/smallfile"
	"github.com/recipe-web-app/oauth2d/internal/store"
)

// State says what a secret needs.
type State string

// The states.
const (
	OK         State = "ok"
	Due        State = "due"        // it is older than its limit, or expires soon
	Unfinished State = "unfinished" // a rotation has begun, and not everybody has the new secret, or the old one is still valid
	Unknown    State = "unknown"    // no daemon or script has recorded its age
)

// Item is one secret.
type Item struct {
	Secret string
	Since  time.Time // when it began to be used; zero: unknown
	Due    time.Time // zero: never
	State  State
	Next   string // what to do; empty: nothing
}

// staysAfter bounds the time for which a signing key may sign after its end, before the calendar counts as stopped.
const staysAfter = 24 * time.Hour

const pageSize = 500

// Status lists the secrets of this process's settings, and of all clients.
func (r *Rotation) Status(ctx context.Context, c config.Config) ([]Item, error) {
	roster, err := r.o.Store.Roster(ctx)
	if err != nil {
		return nil, oauth.Unavailable(err)
	}
	sealed, err := r.o.Ring.Sealed(ctx)
	if err != nil {
		return nil, oauth.Unavailable(err)
	}
	s := survey{now: r.o.Now(), limits: c.Rotation, roster: roster}
	s.keys(r.o.Ring.List())
	s.own(r.holds.Load(), sealed, len(c.MasterKeyPrevious))
	s.users()
	s.certificate("certificate of the public listener", c.Server.TLS.CertFile)
	s.certificate("client certificate for Redis", c.Redis.TLS.CertFile)
	for after := oauth.ClientID(""); ; {
		page, err := r.o.Clients.List(ctx, after, pageSize)
		if err != nil {
			return nil, oauth.Unavailable(err)
		}
		for _, client := range page {
			s.client(client)
			after = client.ID
		}
		if len(page) < pageSize {
			return s.items, nil
		}
	}
}

type survey struct {
	now    time.Time
	limits config.Rotation
	roster store.Roster
	items  []Item
}

// add rates an item by its age; limit 0 means never.
func (s *survey) add(i Item, limit time.Duration, next string) {
	if !i.Since.IsZero() && limit > 0 && i.Due.IsZero() {
		i.Due = i.Since.Add(limit)
	}
	switch {
	case i.State != "":
	case i.Since.IsZero():
		i.State = Unknown
	case !i.Due.IsZero() && !s.now.Before(i.Due):
		i.State, i.Next = Due, next
	default:
		i.State = OK
	}
	s.items = append(s.items, i)
}

func (s *survey) keys(keys []keyring.Info) {
	seen := map[string]bool{}
	for _, k := range keys {
		name := map[string]string{keyring.UseSign: "signing key " + k.Algorithm, keyring.UseMAC: "MAC key", keyring.UsePepper: "pepper of client secrets"}[k.Use]
		if k.State != keyring.Active || seen[name] {
			continue
		}
		seen[name] = true
		i := Item{Secret: name, Since: k.Active}
		if !k.Retires.IsZero() {
			i.Due = k.Retires.Add(staysAfter)
		}
		s.add(i, 0, "oauth2d key rotate --use "+k.Use+"; a running server does this by itself")
	}
}

// own adds the secrets of the settings, and compares them with those of the daemons.
func (s *survey) own(mine *holding, sealed keyring.Sealed, others int) {
	running := daemons(s.roster, s.now)
	for _, name := range slices.Sorted(maps.Keys(mine.Uses)) {
		title := map[string]string{MasterKey: "master key", RedisPassword: "password for Redis", SentinelPassword: "password for the Sentinels"}[name]
		i := Item{Secret: title, Since: s.roster.Since[seenName(name, mine.Uses[name])]}
		limit := s.limits.Password
		if name == MasterKey {
			limit = s.limits.MasterKey
		}
		for _, d := range running {
			if d.Uses[name] != mine.Uses[name] {
				i.State, i.Next = Unfinished, "the daemon on "+d.name()+" uses another one than these settings: reload it by SIGHUP, or restart it"
			}
		}
		switch {
		case name != MasterKey || i.State != "":
		case sealed.Previous > 0:
			i.State = Unfinished
			i.Next = fmt.Sprintf("%d of %d keys lie under another master key: oauth2d rotate master-key --direct", sealed.Previous, sealed.Keys)
		case others > 0:
			i.State, i.Next = Unfinished, "every key lies under this one: remove the other master keys from the settings, and keep them with the backups of their time"
		}
		s.add(i, limit, "docs/rotation.md")
	}
}

// users adds the users of Redis whose passwords apply-passwords.sh has changed.
func (s *survey) users() {
	for _, user := range slices.Sorted(maps.Keys(s.roster.Changed)) {
		s.add(Item{Secret: "password of the Redis user " + user, Since: s.roster.Changed[user]}, s.limits.Password, "docs/rotation.md")
	}
}

func (s *survey) certificate(name, file string) {
	if file == "" {
		return
	}
	i := Item{Secret: name}
	if raw, err := smallfile.Read(file); err == nil {
		if block, _ := pem.Decode(raw); block != nil {
			if parsed, err := x509.ParseCertificate(block.Bytes); err == nil {
				i.Since, i.Due = parsed.NotBefore, parsed.NotAfter.Add(-s.limits.Certificate)
			}
		}
	}
	s.add(i, 0, "renew "+file+"; it is read again without a restart")
}

// client adds the newest valid secret of a client.
func (s *survey) client(c oauth.Client) {
	valid := slices.DeleteFunc(slices.Clone(c.Secrets), func(one oauth.Secret) bool { return !one.ValidAt(s.now) })
	if len(valid) == 0 {
		return
	}
	newest := slices.MaxFunc(valid, func(a, b oauth.Secret) int { return cmp.Compare(a.Created.UnixNano(), b.Created.UnixNano()) })
	s.add(Item{Secret: "secret of client " + string(c.ID), Since: newest.Created}, s.limits.ClientSecret, "oauth2d client rotate-secret "+string(c.ID))
}
