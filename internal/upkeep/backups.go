package upkeep

import (
	"context"
	"sync/atomic"

	"github.com/recipe-web-app/oauth2d/internal/metric"
	"github.com/recipe-web-app/oauth2d/internal/store"
)

// Backups holds when the last backups were made. It is safe for concurrent use.
type Backups struct {
	store store.Backups
	last  atomic.Pointer[[]store.BackupRecord] // nil: not read yet
}

// NewBackups returns the figures of a store.
func NewBackups(s store.Backups) *Backups { return &Backups{store: s} }

// Read reads the records of the last backups. After an error the earlier answer stays.
func (b *Backups) Read(ctx context.Context) {
	if last, err := b.store.Last(ctx); err == nil {
		b.last.Store(&last)
	}
}

// Last returns the last backups; none before the first Read succeeded. The authorization state is among them even
// without a backup, with a zero time, so that an alert can fire.
func (b *Backups) Last() []metric.Backup {
	last := b.last.Load()
	if last == nil {
		return nil
	}
	all := []metric.Backup{{Kind: string(store.BackupAuth)}}
	for _, record := range *last {
		one := metric.Backup{Kind: string(record.Kind), At: record.At, Size: record.Size}
		if record.Kind == store.BackupAuth {
			all[0] = one
		} else {
			all = append(all, one)
		}
	}
	return all
}
