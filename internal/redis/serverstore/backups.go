package serverstore

import (
	"context"
	"fmt"
	"strconv"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/recipe-web-app/oauth2d/internal/redis/redisconn"
	"github.com/recipe-web-app/oauth2d/internal/store"
)

// Backups implements store.Backups.
type Backups struct {
	db     *redisconn.DB
	record *redisconn.Script
}

// NewBackups returns the store of the last backups.
func NewBackups(db *redisconn.DB) *Backups {
	script := scripts(db)
	return &Backups{db: db, record: script("backup_record")}
}

// Record implements store.Backups.
func (b *Backups) Record(ctx context.Context, r store.BackupRecord) error {
	_, err := b.db.Write(ctx, "backups.record", b.record, []string{backup(r.Kind)}, r.At.UnixMilli(), r.Size)
	return err
}

// Last implements store.Backups.
func (b *Backups) Last(ctx context.Context) ([]store.BackupRecord, error) {
	kinds := []store.BackupKind{store.BackupAuth, store.BackupCache}
	cmds := make([]redis.Cmder, len(kinds))
	for i, kind := range kinds {
		cmds[i] = redis.NewMapStringStringCmd(ctx, "hgetall", backup(kind))
	}
	if err := b.db.Read(ctx, "backups.last", cmds...); err != nil {
		return nil, err
	}
	var last []store.BackupRecord
	for i, kind := range kinds {
		fields := cmds[i].(*redis.MapStringStringCmd).Val()
		if len(fields) == 0 {
			continue
		}
		at, errAt := strconv.ParseInt(fields["at"], 10, 64)
		size, errSize := strconv.ParseInt(fields["size"], 10, 64)
		if errAt != nil || errSize != nil {
			return nil, fmt.Errorf("serverstore: the record of the last backup (%s) cannot be read", kind)
		}
		last = append(last, store.BackupRecord{Kind: kind, At: time.UnixMilli(at).UTC(), Size: size})
	}
	return last, nil
}
