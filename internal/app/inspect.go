package app

import (
	"context"
	"log/slog"

	"github.com/recipe-web-app/oauth2d/internal/config"
	"github.com/recipe-web-app/oauth2d/internal/redis/probe"
	"github.com/recipe-web-app/oauth2d/internal/redis/redisconn"
)

// Inspector looks at the servers and the records of Redis. It changes nothing, and needs the settings of Redis alone.
type Inspector struct {
	DB     *redisconn.DB // observes
	prober *probe.Prober
}

// OpenInspector prepares the connection; it asks nothing yet.
func OpenInspector(ctx context.Context, c config.Redis) (*Inspector, error) {
	db, err := openDB(ctx, c, watch{log: slog.New(slog.DiscardHandler), observer: true})
	if err != nil {
		return nil, err
	}
	return &Inspector{DB: db, prober: probe.New(db)}, nil
}

// Close ends the connection.
func (i *Inspector) Close() { _ = i.DB.Close() } // no request is in flight

// Master returns the address of the master.
func (i *Inspector) Master(ctx context.Context) (string, error) { return i.prober.Master(ctx) }

// Inspection is the result of Inspect.
type Inspection struct {
	Servers []probe.Load
	Records probe.Records
}

// Inspect asks every server for its load, and counts records, of which it reads at most limit, or all if limit is 0.
func (i *Inspector) Inspect(ctx context.Context, limit int64) (Inspection, error) {
	ctx, cancel := context.WithTimeout(ctx, surveyTime)
	defer cancel()
	servers, err := i.prober.Loads(ctx)
	if err != nil {
		return Inspection{}, err
	}
	records, err := i.prober.Records(ctx, limit)
	return Inspection{Servers: servers, Records: records}, err
}
