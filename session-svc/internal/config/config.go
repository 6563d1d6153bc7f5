// Package config has the settings of session-svc.
package config

import (
	"net"
	"time"

	libconfig "streamgate/libs/config"
	"streamgate/libs/redisdb"
	"streamgate/libs/seal"
	"streamgate/libs/service"
	"streamgate/session-svc/internal/issuer"
)

// Config is read once, at start-up.
type Config struct {
	service.Settings

	Redis         redisdb.Settings
	Events        Events
	Reports       Reports
	JWKSURL       string        `env:"JWKS_URL" envDefault:"http://user-svc:8080/.well-known/jwks.json" desc:"where user-svc publishes its public keys"`
	TokenIssuer   string        `env:"TOKEN_ISSUER" envDefault:"streamgate" desc:"the issuer and audience (iss, aud) of the access tokens that are accepted"`
	TokenInQuery  bool          `env:"TOKEN_IN_QUERY" envDefault:"false" desc:"accept access_token as a query parameter too; queries end up in logs and histories"`
	Issuers       string        `env:"ISSUERS" desc:"further issuers whose access tokens are accepted, a list in JSON; see charts/doors/identity.md"`
	UserSvcURL    string        `env:"USER_SVC_URL" envDefault:"http://user-svc:8081" desc:"internal listener of user-svc"`
	ContentSvcURL string        `env:"CONTENT_SVC_URL" envDefault:"http://content-svc:8081" desc:"internal listener of content-svc"`
	ToUser        []string      `env:"SECRETS_TO_USER_SVC" desc:"required: secrets shown to user-svc, which has the same in SECRETS_FROM_SESSION_SVC; at least 16 characters each; the first is sent"`
	FromUser      []string      `env:"SECRETS_FROM_USER_SVC" desc:"required: secrets by which user-svc may call, which has the same in SECRETS_TO_SESSION_SVC; all are accepted"`
	ToContent     []string      `env:"SECRETS_TO_CONTENT_SVC" desc:"required: the same for calls to content-svc"`
	FromContent   []string      `env:"SECRETS_FROM_CONTENT_SVC" desc:"required: the same for calls of content-svc"`
	PublicURL     string        `env:"PUBLIC_URL" desc:"scheme and host of media addresses; by default those of the request"`
	GrantKeys     []string      `env:"GRANT_KEYS" desc:"required: keys that encrypt media addresses, 32 bytes in base64 each; the first encrypts, all are accepted; the same for content-svc"`
	RefreshKeys   []string      `env:"REFRESH_KEYS" desc:"required: keys that sign refresh tokens, of the same form"`
	Lease         time.Duration `env:"LEASE" envDefault:"10s" desc:"how long a stream holds its slot without a sign of life, 2s to 5m"`
	Ahead         time.Duration `env:"AHEAD" envDefault:"75s" desc:"how much film a stream is sent ahead of play, 30s to 10m; the same for content-svc"`
	BudgetFactor  float64       `env:"BUDGET_FACTOR" envDefault:"1.25" desc:"how much film an account is sent in the long run, for each of its streams, as a multiple of play, 1 to 10"`
	BudgetBurst   time.Duration `env:"BUDGET_BURST" envDefault:"3m" desc:"how much film an account is sent beyond that, for each of its streams, AHEAD to 1h"`
	StartsEvery   time.Duration `env:"STARTS_EVERY" envDefault:"2s" desc:"how often an account may start a stream in the long run, 1ms to 1m"`
	StartsBurst   int           `env:"STARTS_BURST" envDefault:"30" desc:"how many streams an account may start at once, 1 to 10000"`
	CMCD          bool          `env:"CMCD" envDefault:"false" desc:"take what players report by CMCD version 2 as heartbeats, at the address that the answer to a start names as cmcd"`
	CMCDPause     time.Duration `env:"CMCD_PAUSE" envDefault:"1m" desc:"how long a player that reports by CMCD holds its slot while it is paused, 0s (a pause frees it at once) to 4h"`
	SessionTTL    time.Duration `env:"SESSION_TTL" envDefault:"720h" desc:"how long a device stays signed in without a refresh, 15m to 8760h"`

	// The door for other servers.
	Authorize         bool   `env:"AUTHORIZE" envDefault:"false" desc:"answer other servers at /authorize whether a request may be answered; see charts/doors/authorize.md"`
	AuthorizeGRPCAddr string `env:"AUTHORIZE_GRPC_ADDR" desc:"address of a listener that answers the same to Envoy by gRPC, such as :8082; none by default"`
}

// Validate returns every fault.
func (c *Config) Validate() []error {
	var faults libconfig.Faults
	faults.Add(c.Settings.Validate()...)
	faults.Add(c.CheckPairs(map[string][]string{
		"SECRETS_TO_USER_SVC": c.ToUser, "SECRETS_FROM_USER_SVC": c.FromUser,
		"SECRETS_TO_CONTENT_SVC": c.ToContent, "SECRETS_FROM_CONTENT_SVC": c.FromContent,
	})...)
	faults.Add(c.Redis.Validate()...)
	faults.Add(c.Events.Validate()...)
	faults.Add(c.Reports.Validate(&c.Events)...)
	faults.Add(libconfig.CheckURL("JWKS_URL", c.JWKSURL), libconfig.CheckURL("USER_SVC_URL", c.UserSvcURL),
		libconfig.CheckURL("CONTENT_SVC_URL", c.ContentSvcURL))
	if c.PublicURL != "" {
		faults.Add(libconfig.CheckURL("PUBLIC_URL", c.PublicURL))
	}
	faults.Check(c.TokenIssuer != "", "TOKEN_ISSUER: empty; set the same as user-svc has")
	_, issuers := issuer.Parse(c.Issuers, c.TokenIssuer)
	faults.Add(issuers...)
	for name, keys := range map[string][]string{"GRANT_KEYS": c.GrantKeys, "REFRESH_KEYS": c.RefreshKeys} {
		_, err := seal.ParseKeys(name, keys)
		faults.Add(err)
	}
	faults.Check(c.Lease >= 2*time.Second && c.Lease <= 5*time.Minute, "LEASE: %v is not between 2s and 5m", c.Lease)
	faults.Check(c.Ahead >= 30*time.Second && c.Ahead <= 10*time.Minute, "AHEAD: %v is not between 30s and 10m", c.Ahead)
	faults.Check(c.BudgetFactor >= 1 && c.BudgetFactor <= 10, "BUDGET_FACTOR: %v is not between 1 and 10; below 1, streams would stall", c.BudgetFactor)
	faults.Check(c.BudgetBurst >= c.Ahead && c.BudgetBurst <= time.Hour,
		"BUDGET_BURST: %v is not between AHEAD, %v, and 1h; with less, a start would have to wait for its first film", c.BudgetBurst, c.Ahead)
	faults.Check(c.StartsEvery >= time.Millisecond && c.StartsEvery <= time.Minute, "STARTS_EVERY: %v is not between 1ms and 1m", c.StartsEvery)
	faults.Check(c.StartsBurst >= 1 && c.StartsBurst <= 10_000, "STARTS_BURST: %d is not between 1 and 10000", c.StartsBurst)
	faults.Check(c.CMCDPause >= 0 && c.CMCDPause <= 4*time.Hour, "CMCD_PAUSE: %v is not between 0s and 4h", c.CMCDPause)
	faults.Check(c.SessionTTL >= 15*time.Minute && c.SessionTTL <= 8760*time.Hour, "SESSION_TTL: %v is not between 15m and 8760h", c.SessionTTL)
	if c.AuthorizeGRPCAddr != "" {
		_, _, err := net.SplitHostPort(c.AuthorizeGRPCAddr)
		faults.Check(err == nil, "AUTHORIZE_GRPC_ADDR: %q is not host:port, such as :8082", c.AuthorizeGRPCAddr)
		faults.Check(c.Authorize, "AUTHORIZE_GRPC_ADDR: set, but AUTHORIZE is not true")
	}
	return faults
}
