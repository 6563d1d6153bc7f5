package app

import (
	"context"
	"log/slog"
	"time"

	"go.mongodb.org/mongo-driver/v2/mongo"

	"streamgate/libs/mongodb"
	"streamgate/libs/service"
	"streamgate/libs/tracing"
	"streamgate/session-svc/internal/config"
	"streamgate/session-svc/internal/events"
	"streamgate/session-svc/internal/mongostore"
	"streamgate/session-svc/internal/redisstore"
	"streamgate/session-svc/internal/report"
)

// reports are what keeps the numbers of all accounts.
type reports struct {
	db     *mongo.Database
	store  *mongostore.Store
	folder *report.Folder
}

// newReports returns nil where reports are off.
func newReports(cfg config.Config, traces *tracing.Tracing) (*reports, error) {
	if cfg.Reports.MongoDBURI == "" {
		return nil, nil //nolint:nilnil // off
	}
	db, err := mongodb.Open(cfg.Reports.MongoDBURI, cfg.Reports.MongoDBDatabase, Name, traces)
	if err != nil {
		return nil, err
	}
	store := mongostore.New(db)
	return &reports{db, store, &report.Folder{Store: store, Lease: cfg.Lease, Events: cfg.Events.Keep, Keep: cfg.Reports.Keep, Now: time.Now}}, nil
}

// leases implements report.Leases.
type leases struct {
	store  *redisstore.Store
	outbox events.Outbox
}

// Live implements report.Leases. What ended before the first question has its event at the second.
func (l leases) Live(ctx context.Context, account string) (streams []string, all bool, err error) {
	playing, err := l.store.List(ctx, account)
	if err != nil {
		return nil, false, err
	}
	for _, lease := range playing.Live {
		streams = append(streams, lease.ID.String())
	}
	_, waiting, err := l.outbox.Look(ctx, account)
	return streams, !waiting, err
}

func (r *reports) sink() events.Sink { return report.Sink{Store: r.store} }

// join adds to a service what reports need. It starts without their database, since streams don't need it.
func (r *reports) join(s *service.Service, log *slog.Logger) {
	s.Background = append(s.Background, func(ctx context.Context) { r.folder.Run(ctx, log, r.store.Indexes) })
	s.Close = append(s.Close, mongodb.Close(r.db))
}
