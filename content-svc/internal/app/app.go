// Package app wires content-svc together.
package app

import (
	"context"
	"fmt"
	"log/slog"
	"time"

	"streamgate/content-svc/internal/blobstore"
	"streamgate/content-svc/internal/config"
	"streamgate/content-svc/internal/demo"
	"streamgate/content-svc/internal/httpapi"
	"streamgate/content-svc/internal/lease"
	"streamgate/content-svc/internal/media"
	"streamgate/content-svc/internal/mongostore"
	"streamgate/content-svc/internal/sessionclient"
	"streamgate/content-svc/internal/video"
	"streamgate/libs/grant"
	"streamgate/libs/metrics"
	"streamgate/libs/mongodb"
	"streamgate/libs/service"
)

// Name is the service's name.
const Name = "content-svc"

// New makes the service. It connects to nothing yet: the steps of start-up do.
func New(cfg config.Config, version string, log *slog.Logger) (*service.Service, error) {
	keys, err := grant.ParseKeys("GRANT_KEYS", cfg.GrantKeys)
	if err != nil {
		return nil, fmt.Errorf("settings: %w", err)
	}
	db, err := mongodb.Open(cfg.MongoDBURI, cfg.MongoDBDatabase, Name)
	if err != nil {
		return nil, fmt.Errorf("settings: %w", err)
	}
	registry := metrics.NewRegistry(Name, version)
	requests := metrics.NewHTTP(registry)
	contents, files := mongostore.New(db), blobstore.New(cfg.MediaURL)
	sessions := sessionclient.New(cfg.SessionSvcURL, cfg.InternalSecrets[0], registry)

	public, err := httpapi.NewPublic(httpapi.Public{
		Player:         &media.Player{Keys: keys, Leases: lease.NewKeeper(sessions, time.Now), Files: files, Now: time.Now},
		TrustedProxies: cfg.TrustedProxies, Stall: httpapi.Stall, Log: log, Registry: registry, Metrics: requests,
	})
	if err != nil {
		return nil, fmt.Errorf("public listener: %w", err)
	}
	internal, err := httpapi.NewInternal(httpapi.Internal{
		Catalogue: video.NewCatalogue(contents, time.Now), Secrets: cfg.InternalSecrets, Log: log, Metrics: requests,
	})
	if err != nil {
		return nil, fmt.Errorf("internal listener: %w", err)
	}
	s := &service.Service{
		Name: Name, Version: version, Public: public, Internal: internal, Registry: registry, Log: log,
		// The folder first: that it is missing is known at once, and waiting mends it seldom.
		Prepare: []service.Step{files.Connect(), mongodb.Ping(db), contents.Indexes()},
		Close:   []func(context.Context) error{mongodb.Close(db), files.Close},
	}
	if cfg.DemoContent {
		s.Prepare = append(s.Prepare, demo.Step(files, contents))
	}
	return s, nil
}
