// Package app wires session-svc together.
package app

import (
	"context"
	"fmt"
	"log/slog"
	"time"

	"streamgate/libs/grant"
	"streamgate/libs/jwtauth"
	"streamgate/libs/metrics"
	"streamgate/libs/peer"
	"streamgate/libs/redisdb"
	"streamgate/libs/seal"
	"streamgate/libs/service"
	"streamgate/session-svc/internal/catalogue"
	"streamgate/session-svc/internal/config"
	"streamgate/session-svc/internal/httpapi"
	"streamgate/session-svc/internal/redisstore"
	"streamgate/session-svc/internal/session"
	"streamgate/session-svc/internal/stream"
)

// Name is the service's.
const Name = "session-svc"

// neighbourTimeout bounds a question to another service, which answers from its database.
const neighbourTimeout = 3 * time.Second

// New wires the service. The configuration has been validated.
func New(cfg config.Config, version string, log *slog.Logger) (*service.Service, error) {
	grantKeys, err := grant.ParseKeys("GRANT_KEYS", cfg.GrantKeys)
	if err != nil {
		return nil, fmt.Errorf("configuration: %w", err)
	}
	refreshKeys, err := seal.ParseKeys("REFRESH_KEYS", cfg.RefreshKeys)
	if err != nil {
		return nil, fmt.Errorf("configuration: %w", err)
	}
	guard := redisstore.NewGuard(cfg.Lease)
	client, err := redisdb.Open(cfg.Redis, Name, guard.Look)
	if err != nil {
		return nil, fmt.Errorf("configuration: %w", err)
	}
	registry := metrics.NewRegistry(Name, version)
	ruleMetrics := stream.NewMetrics(registry, guard.Held)
	rules := stream.NewRules(cfg.Lease)
	store := redisstore.New(client, guard, rules, ruleMetrics)
	contents := catalogue.New(peer.NewClient("content-svc", cfg.ContentSvcURL, cfg.InternalSecrets[0], neighbourTimeout))
	keys := jwtauth.NewRemoteKeys(cfg.JWKSURL, log)

	sessions := session.New(store.Sessions(cfg.SessionTTL), refreshKeys)

	changes := redisstore.NewChanges(client)
	draining := make(chan struct{})

	api := &httpapi.API{
		Accounts:        peer.NewClient("user-svc", cfg.UserSvcURL, cfg.InternalSecrets[0], neighbourTimeout),
		Changes:         changes,
		Draining:        draining,
		Streams:         stream.New(store, sessions, contents, grantKeys, rules, ruleMetrics),
		Sessions:        sessions,
		Catalogue:       contents,
		Verifier:        jwtauth.NewVerifier(keys, cfg.TokenIssuer),
		TokenInQuery:    cfg.TokenInQuery,
		PublicURL:       cfg.PublicURL,
		InternalSecrets: cfg.InternalSecrets,
		TrustedProxies:  cfg.TrustedProxies,
		Log:             log,
		Metrics:         metrics.NewHTTP(registry),
	}
	public, err := api.Public(Name)
	if err != nil {
		return nil, fmt.Errorf("configuration: %w", err)
	}
	internal, err := api.Internal()
	if err != nil {
		return nil, fmt.Errorf("configuration: %w", err)
	}
	return &service.Service{
		Name: Name, Version: version, Public: public, Internal: internal, Registry: registry, Log: log,
		Prepare:    []service.Step{redisdb.Ping(client), redisdb.RequireFit(client)},
		Background: []func(context.Context){keys.Run, changes.Run},
		Drain:      func() { close(draining) },
		Close:      []func(context.Context) error{redisdb.Close(client)},
	}, nil
}
