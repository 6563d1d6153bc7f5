// Package app wires session-svc together.
package app

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"streamgate/libs/grant"
	"streamgate/libs/jwtauth"
	"streamgate/libs/listeners"
	"streamgate/libs/metrics"
	"streamgate/libs/peer"
	"streamgate/libs/redisdb"
	"streamgate/libs/seal"
	"streamgate/libs/service"
	"streamgate/libs/tracing"
	"streamgate/session-svc/api"
	"streamgate/session-svc/internal/authorize"
	"streamgate/session-svc/internal/config"
	"streamgate/session-svc/internal/contentsvc"
	"streamgate/session-svc/internal/httpapi"
	"streamgate/session-svc/internal/issuer"
	"streamgate/session-svc/internal/redisstore"
	"streamgate/session-svc/internal/report"
	"streamgate/session-svc/internal/session"
	"streamgate/session-svc/internal/stream"
	"streamgate/session-svc/internal/usersvc"
)

// Name is the service's name.
const Name = "session-svc"

// accountsTimeout bounds a question about an account, which user-svc answers from its database.
const accountsTimeout = 3 * time.Second

// New wires the service. It connects to nothing yet: the steps of start-up do.
func New(cfg config.Config, version string, log *slog.Logger) (*service.Service, error) {
	grantKeys, err := grant.ParseKeys("GRANT_KEYS", cfg.GrantKeys)
	if err != nil {
		return nil, fmt.Errorf("settings: %w", err)
	}
	refreshKeys, err := seal.ParseKeys("REFRESH_KEYS", cfg.RefreshKeys)
	if err != nil {
		return nil, fmt.Errorf("settings: %w", err)
	}
	guard := redisstore.NewGuard(cfg.Lease)
	registry := metrics.NewRegistry(Name, version)
	traces := tracing.New(cfg.Traces, cfg.TrustedProxies, Name, version, registry, log)
	client, err := redisdb.Open(cfg.Redis, Name, guard.Look)
	if err != nil {
		return nil, fmt.Errorf("settings: %w", err)
	}
	ruleMetrics := stream.NewMetrics(registry, guard.Held)
	house := redisstore.NewHouse(client)
	ruleMetrics.Tally = house
	rules := stream.NewRules(cfg.Lease)
	// Several replicas of content-svc may each send a stream a little further ahead than one would.
	rules.Ahead = cfg.Ahead + 45*time.Second
	rules.Budget = stream.Budget{Factor: int(cfg.BudgetFactor * 1000), Burst: cfg.BudgetBurst}
	rules.Starts = stream.Starts{Every: cfg.StartsEvery, Burst: cfg.StartsBurst}
	rules.Pause = cfg.CMCDPause
	store := redisstore.New(client, guard, rules, ruleMetrics)
	contents := contentsvc.NewClient(cfg.ContentSvcURL, cfg.Shown(cfg.ToContent))
	keys := jwtauth.NewRemoteKeys(cfg.JWKSURL, log)
	others, faults := issuer.Parse(cfg.Issuers, cfg.TokenIssuer)
	if len(faults) > 0 {
		return nil, fmt.Errorf("settings: %w", errors.Join(faults...))
	}
	issuers := issuer.New(jwtauth.NewVerifier(keys, cfg.TokenIssuer), others, log)
	prepare := []service.Step{redisstore.RequireRights(client), redisdb.RequireFit(client)}
	accounts := peer.NewClient("user-svc", cfg.UserSvcURL, cfg.Shown(cfg.ToUser), accountsTimeout)
	user := usersvc.Client{Peer: accounts}
	if len(others) > 0 {
		prepare = append(prepare, service.Step{Name: "note since when Redis remembers", Do: store.Remember})
		user.Foreign = session.EndsFor(cfg.SessionTTL)
	}
	sessions := session.New(store.Sessions(cfg.SessionTTL), user, refreshKeys)

	background := []func(context.Context){keys.Run}
	numbers, err := newReports(cfg, traces)
	if err != nil {
		return nil, fmt.Errorf("settings: REPORTS_%w", err)
	}
	relay, err := newRelay(cfg, store, numbers, registry, log)
	if err != nil {
		return nil, fmt.Errorf("settings: %w", err)
	}
	if relay != nil {
		background = append(background, relay.Run)
	}
	changes := redisstore.NewChanges(client)
	draining := make(chan struct{})

	streams := stream.New(store, sessions, contents, user, grantKeys, rules, ruleMetrics)
	var decider *authorize.Decider
	if cfg.Authorize {
		rule := httpapi.Rule{Streams: streams}
		decider = authorize.New(authorize.Options{
			Authority: rule, Starter: rule, Changes: changes, Grants: grantKeys, Rules: rules, Registry: registry, Now: time.Now,
		})
	}
	options := httpapi.Options{
		Streams:       streams,
		Changes:       changes,
		Sessions:      sessions,
		Houses:        house,
		Catalogue:     contents,
		Accounts:      accounts,
		Decider:       decider,
		Authenticator: jwtauth.Authenticator{Verifier: issuers, InQuery: cfg.TokenInQuery},
		PublicURL:     cfg.PublicURL,
		CMCD:          cfg.CMCD,
		Draining:      draining,
	}
	if numbers != nil {
		options.Reports = &report.Reports{FactStore: numbers.store, Counts: numbers.store}
	}
	handlers := httpapi.New(options)
	public, internal, err := listeners.New(listeners.Options{
		Service: Name, Spec: api.Spec, TrustedProxies: cfg.TrustedProxies, Origins: cfg.CORSOrigins, Log: log,
		Registry: registry, Traces: traces, Callers: peer.Callers{"user-svc": cfg.Accepted(cfg.FromUser), "content-svc": cfg.Accepted(cfg.FromContent)},
	}, handlers)
	if err != nil {
		return nil, fmt.Errorf("settings: %w", err)
	}
	s := &service.Service{
		Name: Name, Version: version, Public: public, Internal: internal, Registry: registry, Log: log,
		Prepare:    prepare,
		Background: append(background, issuers.Run, changes.Run, house.Run, redisdb.WatchFit(client, registry, log)),
		Drain:      func() { close(draining) },
		Close:      []func(context.Context) error{traces.Close, redisdb.Close(client)},
	}
	if cfg.Authorize {
		s.Background = append(s.Background, decider.Run)
	}
	if numbers != nil {
		numbers.join(s, log)
	}
	if cfg.AuthorizeGRPCAddr != "" {
		listenForEnvoy(s, cfg.AuthorizeGRPCAddr, handlers.Envoy(), draining, cfg.DrainTimeout, log)
	}
	return s, nil
}
