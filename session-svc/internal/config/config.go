// Package config has the settings of session-svc.
package config

import (
	"time"

	libconfig "streamgate/libs/config"
	"streamgate/libs/redisdb"
	"streamgate/libs/seal"
	"streamgate/libs/service"
)

// Config is read once, at start-up.
type Config struct {
	service.Settings

	Redis         redisdb.Settings
	JWKSURL       string        `env:"JWKS_URL" envDefault:"http://user-svc:8080/.well-known/jwks.json" desc:"where user-svc publishes its public keys"`
	TokenIssuer   string        `env:"TOKEN_ISSUER" envDefault:"streamgate" desc:"the issuer (iss) whose access tokens are accepted"`
	TokenInQuery  bool          `env:"TOKEN_IN_QUERY" envDefault:"false" desc:"accept access_token as a query parameter too; queries end up in logs and histories"`
	UserSvcURL    string        `env:"USER_SVC_URL" envDefault:"http://user-svc:8081" desc:"internal listener of user-svc"`
	ContentSvcURL string        `env:"CONTENT_SVC_URL" envDefault:"http://content-svc:8081" desc:"internal listener of content-svc"`
	PublicURL     string        `env:"PUBLIC_URL" desc:"scheme and host of media addresses; by default those of the request"`
	GrantKeys     []string      `env:"GRANT_KEYS" desc:"required: keys that sign media addresses, 32 bytes in base64 each; the first signs, all are accepted; the same for content-svc"`
	RefreshKeys   []string      `env:"REFRESH_KEYS" desc:"required: keys that sign refresh tokens, of the same form"`
	Lease         time.Duration `env:"LEASE" envDefault:"10s" desc:"how long a stream holds its slot without a sign of life, 2s to 5m"`
	SessionTTL    time.Duration `env:"SESSION_TTL" envDefault:"720h" desc:"how long a device stays signed in without a refresh, 15m to 8760h"`
}

// Validate returns every fault.
func (c *Config) Validate() []error {
	var faults libconfig.Faults
	faults.Add(c.Settings.Validate()...)
	faults.Add(c.Redis.Validate()...)
	faults.Add(libconfig.CheckURL("JWKS_URL", c.JWKSURL), libconfig.CheckURL("USER_SVC_URL", c.UserSvcURL),
		libconfig.CheckURL("CONTENT_SVC_URL", c.ContentSvcURL))
	if c.PublicURL != "" {
		faults.Add(libconfig.CheckURL("PUBLIC_URL", c.PublicURL))
	}
	faults.Check(c.TokenIssuer != "", "TOKEN_ISSUER: empty; set the same as user-svc has")
	for name, keys := range map[string][]string{"GRANT_KEYS": c.GrantKeys, "REFRESH_KEYS": c.RefreshKeys} {
		_, err := seal.ParseKeys(name, keys)
		faults.Add(err)
	}
	faults.Check(c.Lease >= 2*time.Second && c.Lease <= 5*time.Minute, "LEASE: %v is not between 2s and 5m", c.Lease)
	faults.Check(c.SessionTTL >= 15*time.Minute && c.SessionTTL <= 8760*time.Hour, "SESSION_TTL: %v is not between 15m and 8760h", c.SessionTTL)
	return faults
}
