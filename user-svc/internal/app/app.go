// Package app wires user-svc together.
package app

import (
	"context"
	"fmt"
	"log/slog"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"streamgate/libs/listeners"
	"streamgate/libs/metrics"
	"streamgate/libs/mongodb"
	"streamgate/libs/peer"
	"streamgate/libs/service"
	"streamgate/libs/tracing"
	"streamgate/user-svc/api"
	"streamgate/user-svc/internal/account"
	"streamgate/user-svc/internal/config"
	"streamgate/user-svc/internal/httpapi"
	"streamgate/user-svc/internal/mongostore"
	"streamgate/user-svc/internal/password"
	"streamgate/user-svc/internal/sessionsvc"
	"streamgate/user-svc/internal/smtpmail"
	"streamgate/user-svc/internal/token"
)

// Name is the service's name.
const Name = "user-svc"

// New returns the wired service. It doesn't connect to anything yet: the start-up steps do.
func New(cfg config.Config, version string, log *slog.Logger) (*service.Service, error) {
	issuer, err := newIssuer(cfg)
	if err != nil {
		return nil, fmt.Errorf("settings: %w", err)
	}
	mailer, err := newMailer(cfg, log)
	if err != nil {
		return nil, fmt.Errorf("settings: %w", err)
	}
	registry := metrics.NewRegistry(Name, version)
	traces := tracing.New(cfg.Traces, cfg.TrustedProxies, Name, version, registry, log)
	db, err := mongodb.Open(cfg.MongoDBURI, cfg.MongoDBDatabase, Name, traces)
	if err != nil {
		return nil, fmt.Errorf("settings: %w", err)
	}
	store := mongostore.New(db)
	sessions := sessionsvc.NewClient(cfg.SessionSvcURL, cfg.Shown(cfg.ToSessionSvc))
	var common func(string) bool
	if cfg.RefuseCommon {
		common = password.IsCommon
	}
	accounts := account.New(account.Options{
		Store: store, Resets: store, Guesses: store, Ends: store, Passwords: newHasher(registry), Common: common, Sessions: sessions,
		Mailer: mailer, Mailed: newMailed(registry), Log: log,
	})
	handlers := httpapi.New(httpapi.Options{Accounts: accounts, Sessions: sessions, Issuer: issuer, Registry: registry})
	public, internal, err := listeners.New(listeners.Options{
		Service: Name, Spec: api.Spec, TrustedProxies: cfg.TrustedProxies, Origins: cfg.CORSOrigins, Log: log,
		Registry: registry, Traces: traces, Callers: peer.Callers{"session-svc": cfg.Accepted(cfg.FromSessionSvc)},
	}, handlers)
	if err != nil {
		return nil, fmt.Errorf("settings: %w", err)
	}
	s := &service.Service{
		Name: Name, Version: version, Public: public, Internal: internal, Registry: registry, Log: log,
		Prepare: []service.Step{mongodb.Ping(db), store.Indexes()},
		Background: []func(context.Context){
			accounts.SendResets,
			service.Every(time.Hour, log, service.Step{Name: "forget failed sign-ins that have aged", Do: accounts.ForgetGuesses}),
			service.Every(time.Hour, log, service.Step{Name: "forget ends of sessions that have aged", Do: accounts.ForgetEnds}),
		},
		Close: []func(context.Context) error{traces.Close, mongodb.Close(db)},
	}
	if cfg.AdminEmail != "" {
		s.Prepare = append(s.Prepare, service.Step{Name: "make the first administrator", Do: func(ctx context.Context) error {
			return accounts.EnsureAdmin(ctx, cfg.AdminEmail, cfg.AdminPassword)
		}})
	}
	return s, nil
}

func newIssuer(cfg config.Config) (*token.Issuer, error) {
	if cfg.TokenKeyGenerate {
		if err := token.GenerateKey(cfg.TokenKeyFiles[0]); err != nil {
			return nil, err
		}
	}
	keys, err := token.LoadKeys(cfg.TokenKeyFiles)
	if err != nil {
		return nil, err
	}
	return token.NewIssuer(keys, cfg.TokenIssuer, cfg.TokenTTL), nil
}

// newMailer returns a nil interface where mail is off.
func newMailer(cfg config.Config, log *slog.Logger) (account.Mailer, error) {
	if cfg.SMTPAddr == "" {
		log.Warn("SMTP_ADDR is not set: no mail is sent, and passwords can't be reset")
		return nil, nil //nolint:nilnil // mail is off
	}
	return smtpmail.NewSender(smtpmail.Options{
		Addr: cfg.SMTPAddr, Username: cfg.SMTPUsername, Password: cfg.SMTPPassword, From: cfg.SMTPFrom, HELO: cfg.SMTPHELO, TLS: cfg.SMTPTLS,
		ResetURL: cfg.ResetURL,
	})
}

// newMailed returns what counts tries to send mail.
func newMailed(registry *prometheus.Registry) func(account.MailOutcome) {
	mails := prometheus.NewCounterVec(prometheus.CounterOpts{
		Name: "user_mails_total", Help: "Tries to send a mail, by outcome: sent, retried (it will be tried again), failed (for good).",
	}, []string{"outcome"})
	registry.MustRegister(mails)
	for _, outcome := range account.MailOutcomes {
		mails.WithLabelValues(string(outcome))
	}
	return func(outcome account.MailOutcome) { mails.WithLabelValues(string(outcome)).Inc() }
}

func newHasher(registry *prometheus.Registry) *password.Hasher {
	seconds := prometheus.NewHistogram(prometheus.HistogramOpts{
		Name: "user_password_hash_seconds", Help: "Time that a password hash took, without the wait for its turn.",
		Buckets: []float64{.01, .02, .03, .05, .075, .1, .15, .25, .5, 1},
	})
	hasher := password.NewHasher(password.OWASP, func(took time.Duration) { seconds.Observe(took.Seconds()) })
	registry.MustRegister(seconds, prometheus.NewGaugeFunc(prometheus.GaugeOpts{
		Name: "user_password_hash_waiting", Help: "Requests that wait for their password hash.",
	}, func() float64 { return float64(hasher.Waiting()) }))
	return hasher
}
