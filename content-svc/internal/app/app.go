// Package app wires content-svc together.
package app

import (
	"context"
	"fmt"
	"log/slog"
	"time"

	"streamgate/content-svc/api"
	"streamgate/content-svc/internal/blobstore"
	"streamgate/content-svc/internal/config"
	"streamgate/content-svc/internal/demo"
	"streamgate/content-svc/internal/httpapi"
	"streamgate/content-svc/internal/media"
	"streamgate/content-svc/internal/mediatime"
	"streamgate/content-svc/internal/mongostore"
	"streamgate/content-svc/internal/sessionsvc"
	"streamgate/content-svc/internal/upload"
	"streamgate/content-svc/internal/video"
	"streamgate/content-svc/web"
	"streamgate/libs/delivery"
	"streamgate/libs/grant"
	"streamgate/libs/listeners"
	"streamgate/libs/metrics"
	"streamgate/libs/mongodb"
	"streamgate/libs/pace"
	"streamgate/libs/peer"
	"streamgate/libs/service"
	"streamgate/libs/tracing"
)

// Name is the service's name.
const Name = "content-svc"

// New wires the service. It connects to nothing yet: the steps of start-up do.
func New(cfg config.Config, version string, log *slog.Logger) (*service.Service, error) {
	keys, err := grant.ParseKeys("GRANT_KEYS", cfg.GrantKeys)
	if err != nil {
		return nil, fmt.Errorf("settings: %w", err)
	}
	registry := metrics.NewRegistry(Name, version)
	traces := tracing.New(cfg.Traces, cfg.TrustedProxies, Name, version, registry, log)
	db, err := mongodb.Open(cfg.MongoDBURI, cfg.MongoDBDatabase, Name, traces)
	if err != nil {
		return nil, fmt.Errorf("settings: %w", err)
	}
	contents, files := mongostore.New(db), blobstore.New(cfg.MediaURL)
	sessions := sessionsvc.NewClient(cfg.SessionSvcURL, cfg.Shown(cfg.ToSessionSvc), registry)

	limits := upload.Usual
	limits.Film = cfg.UploadLimit
	uploads := &upload.Uploads{Files: files, Limits: limits, Now: time.Now}

	streams := delivery.NewKeeper(sessions, pace.Rules{Ahead: cfg.Ahead, First: min(cfg.Ahead, pace.Usual.First)}, delivery.Usually, time.Now)
	handlers := httpapi.New(httpapi.Options{
		Catalogue: video.NewCatalogue(contents, files, time.Now),
		Player: &media.Player{
			Keys: keys, Streams: streams, Files: files,
			Clock: mediatime.New(mediatime.Options{Store: media.Ranges{Files: files}, BitRate: cfg.MediaBitRate, Log: log, Now: time.Now}),
		},
		Files: files, Uploads: uploads, App: web.Files,
		Stall: httpapi.Stall, Registry: registry,
	})
	public, internal, err := listeners.New(listeners.Options{
		Service: Name, Spec: api.Spec, TrustedProxies: cfg.TrustedProxies, Origins: cfg.CORSOrigins, Log: log,
		Registry: registry, Traces: traces, Callers: peer.Callers{"session-svc": cfg.Accepted(cfg.FromSessionSvc)},
	}, handlers)
	if err != nil {
		return nil, fmt.Errorf("settings: %w", err)
	}
	s := &service.Service{
		Name: Name, Version: version, Public: public, Internal: internal, Registry: registry, Log: log,
		// The folder first: that it is missing is known at once, and waiting mends it seldom.
		Prepare: []service.Step{files.Connect(), mongodb.Ping(db), contents.Indexes()},
		Background: []func(context.Context){
			streams.Run, func(ctx context.Context) { sessions.Follow(ctx, streams) },
			service.Every(time.Hour, log, service.Step{Name: "sweep uploads", Do: func(ctx context.Context) error { return uploads.Sweep(ctx, contents) }}),
		},
		Close: []func(context.Context) error{traces.Close, mongodb.Close(db), files.Close},
	}
	if cfg.DemoContent {
		s.Prepare = append(s.Prepare, demo.Step(files, contents))
	}
	return s, nil
}
