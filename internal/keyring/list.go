package keyring

import "time"

// Info describes a key without its secret. A zero Retires or Drops means never.
type Info struct {
	ID        string
	Use       string
	Algorithm string // of UseSign only
	State     State
	Created   time.Time
	Active    time.Time
	Retires   time.Time
	Drops     time.Time
}

// List describes every key of the ring, the one whose turn comes last first.
func (r *Ring) List() []Info {
	now := r.o.Now()
	var all []Info
	for _, k := range r.current.Load().keys {
		all = append(all, Info{
			ID: k.ID, Use: k.Use, Algorithm: string(k.Algorithm), State: k.state(now),
			Created: k.Created, Active: k.Active, Retires: k.Retires, Drops: k.Drops,
		})
	}
	return all
}
