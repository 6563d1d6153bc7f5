// Package config holds the settings of user-svc.
package config

import (
	"errors"
	"fmt"
	"net"
	"strconv"
	"strings"
	"time"

	libconfig "streamgate/libs/config"
	"streamgate/libs/mongodb"
	"streamgate/libs/service"
	"streamgate/user-svc/internal/account"
	"streamgate/user-svc/internal/smtpmail"
)

// Bounds of TOKEN_TTL. A token stays valid that long, whatever happens to its account's role and plan.
const (
	minTokenTTL = 5 * time.Minute
	maxTokenTTL = 15 * time.Minute
)

// Config is read once, at start-up.
type Config struct {
	service.Settings

	MongoDBURI       string        `env:"MONGODB_URI" desc:"required: mongodb://host:port, or mongodb+srv://"`
	MongoDBDatabase  string        `env:"MONGODB_DATABASE" envDefault:"streamgate_users" desc:"the database of the accounts"`
	SessionSvcURL    string        `env:"SESSION_SVC_URL" envDefault:"http://session-svc:8081" desc:"internal listener of session-svc"`
	ToSessionSvc     []string      `env:"SECRETS_TO_SESSION_SVC" desc:"required: secrets shown to session-svc, which has the same in SECRETS_FROM_USER_SVC; at least 16 characters each; the first is sent"`
	FromSessionSvc   []string      `env:"SECRETS_FROM_SESSION_SVC" desc:"required: secrets by which session-svc may call, which has the same in SECRETS_TO_USER_SVC; all are accepted"`
	TokenKeyFiles    []string      `env:"TOKEN_KEY_FILES" desc:"required: PEM files of Ed25519 keys in PKCS#8; the first signs, all are published"`
	TokenKeyGenerate bool          `env:"TOKEN_KEY_GENERATE" envDefault:"false" desc:"write a new key to the first file if it is missing; for one machine, not for replicas"`
	TokenTTL         time.Duration `env:"TOKEN_TTL" envDefault:"10m" desc:"how long an access token is valid, 5m to 15m"`
	TokenIssuer      string        `env:"TOKEN_ISSUER" envDefault:"streamgate" desc:"the issuer and audience (iss, aud) of access tokens; the same for session-svc"`
	RefuseCommon     bool          `env:"REFUSE_COMMON_PASSWORDS" envDefault:"false" desc:"refuse new passwords that are among the commonest or the account's own e-mail address"`
	AdminEmail       string        `env:"ADMIN_EMAIL" desc:"e-mail of the first administrator, whose account is created at start unless it exists; with ADMIN_PASSWORD"`
	AdminPassword    string        `env:"ADMIN_PASSWORD" desc:"that account's first password; an existing account keeps its own"`
	SMTPAddr         string        `env:"SMTP_ADDR" desc:"host:port of the server that takes mail for password resets; without it none are sent"`
	SMTPUsername     string        `env:"SMTP_USERNAME" desc:"name to sign in there with; with SMTP_PASSWORD"`
	SMTPPassword     string        `env:"SMTP_PASSWORD" desc:"password to sign in there with"`
	SMTPFrom         string        `env:"SMTP_FROM" desc:"sender of the mail, such as Streamgate <no-reply@example.com>; required with SMTP_ADDR"`
	SMTPHELO         string        `env:"SMTP_HELO" desc:"name to greet the server with, such as mail.example.com; by default the domain of SMTP_FROM"`
	SMTPTLS          smtpmail.TLS  `env:"SMTP_TLS" envDefault:"starttls" desc:"starttls, tls (from the first byte) or none"`
	ResetURL         string        `env:"RESET_URL" desc:"link in the mail, with {token} in it, such as https://example.com/#/reset/{token}; required with SMTP_ADDR"`
}

// Validate returns every fault.
func (c *Config) Validate() []error {
	var faults libconfig.Faults
	faults.Add(c.Settings.Validate()...)
	faults.Add(c.CheckPairs(map[string][]string{"SECRETS_TO_SESSION_SVC": c.ToSessionSvc, "SECRETS_FROM_SESSION_SVC": c.FromSessionSvc})...)
	faults.Add(mongodb.Validate(c.MongoDBURI, c.MongoDBDatabase)...)
	faults.Add(libconfig.CheckURL("SESSION_SVC_URL", c.SessionSvcURL))
	faults.Check(len(c.TokenKeyFiles) > 0, "TOKEN_KEY_FILES: missing; make a key with: openssl genpkey -algorithm ed25519 -out token-key.pem")
	faults.Check(c.TokenTTL >= minTokenTTL && c.TokenTTL <= maxTokenTTL, "TOKEN_TTL: %v is not between 5m and 15m", c.TokenTTL)
	faults.Check(c.TokenIssuer != "", "TOKEN_ISSUER: empty; set the same as session-svc has")
	faults.Add(c.adminFaults()...)
	faults.Add(c.mailFaults()...)
	return faults
}

func (c *Config) adminFaults() []error {
	if c.AdminEmail == "" && c.AdminPassword == "" {
		return nil
	}
	if c.AdminEmail == "" || c.AdminPassword == "" {
		return []error{errors.New("ADMIN_EMAIL, ADMIN_PASSWORD: set both or none")}
	}
	var faults libconfig.Faults
	if _, err := account.ParseEmail(c.AdminEmail); err != nil {
		faults.Add(fmt.Errorf("ADMIN_EMAIL: %s", account.Remedy(err)))
	}
	if _, err := account.NormalPassword(c.AdminPassword); err != nil {
		faults.Add(fmt.Errorf("ADMIN_PASSWORD: %s", account.Remedy(err)))
	}
	return faults
}

func (c *Config) mailFaults() []error {
	if c.SMTPAddr == "" {
		return nil
	}
	var faults libconfig.Faults
	host, port, err := net.SplitHostPort(c.SMTPAddr)
	number, portErr := strconv.ParseUint(port, 10, 16)
	faults.Check(err == nil && host != "" && portErr == nil && number > 0, "SMTP_ADDR: %q is not host:port, such as smtp.example.com:587", c.SMTPAddr)
	faults.Check((c.SMTPUsername == "") == (c.SMTPPassword == ""), "SMTP_USERNAME, SMTP_PASSWORD: set both or none")
	faults.Check(smtpmail.CheckSender(c.SMTPFrom) == nil, "SMTP_FROM: %q is not a sender such as Streamgate <no-reply@example.com>", c.SMTPFrom)
	if c.SMTPHELO != "" {
		err = smtpmail.CheckHELO(c.SMTPHELO)
		faults.Check(err == nil, "SMTP_HELO: %q: %v", c.SMTPHELO, err)
	}
	err = libconfig.CheckURL("RESET_URL", c.ResetURL)
	faults.Check(err == nil && strings.Contains(c.ResetURL, smtpmail.TokenPlaceholder),
		"RESET_URL: %q is not an address with %s in it, such as https://example.com/#/reset/%[2]s", c.ResetURL, smtpmail.TokenPlaceholder)
	return faults
}
