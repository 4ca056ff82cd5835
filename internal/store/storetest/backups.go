package storetest

import (
	"fmt"
	"testing"
	"time"

	"github.com/recipe-web-app/oauth2d/internal/store"
	"github.com/recipe-web-app/oauth2d/internal/store/storetest/suite"
)

// Backups is the suite of store.Backups.
func Backups(t *testing.T, open suite.Open) {
	t.Run("history", func(t *testing.T) {
		for seed := range uint64(suite.Seeds) {
			backupHistory(t, open(t).Backups, seed)
		}
	})
	t.Run("the latest of a crowd stays", func(t *testing.T) {
		s := open(t).Backups
		errs := make([]error, suite.Crowd)
		suite.Together(suite.Crowd, func(i int) {
			errs[i] = s.Record(t.Context(), store.BackupRecord{Kind: store.BackupAuth, At: suite.Start().Add(time.Duration(i) * time.Hour), Size: int64(i)})
		})
		for _, err := range errs {
			suite.Sure(t, "record", err)
		}
		last, err := s.Last(t.Context())
		suite.Sure(t, "last", err)
		if len(last) != 1 || last[0].Size != suite.Crowd-1 {
			t.Fatalf("the last backup is %+v", last)
		}
	})
}

// backupHistory records backups of both kinds, also some that were made before others.
func backupHistory(t *testing.T, s store.Backups, seed uint64) {
	t.Helper()
	d := suite.Roll("backups", seed)
	model := map[store.BackupKind]store.BackupRecord{}
	for step := range suite.Steps {
		where := fmt.Sprintf("seed %d step %d", seed, step)
		one := store.BackupRecord{
			Kind: suite.Pick(d, store.BackupAuth, store.BackupCache), At: suite.Start().Add(time.Duration(d.IntN(1000)) * time.Millisecond),
			Size: d.Int64N(1 << 40),
		}
		suite.Sure(t, where, s.Record(t.Context(), one))
		if !model[one.Kind].At.After(one.At) {
			model[one.Kind] = one
		}
		var want []store.BackupRecord
		for _, kind := range []store.BackupKind{store.BackupAuth, store.BackupCache} {
			if known, there := model[kind]; there {
				want = append(want, known)
			}
		}
		got, err := s.Last(t.Context())
		suite.Sure(t, where, err)
		suite.Same(t, where, got, want)
	}
}
