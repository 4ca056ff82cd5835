//go:build !waitone

package redisconn

// controls are durabilities that exist only for the fault harness; the daemon has none.
func controls() []Durability { return nil }

func (db *DB) controlSender() sender { return nil }
