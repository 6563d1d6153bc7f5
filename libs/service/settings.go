package service

import (
	"fmt"
	"log/slog"
	"maps"
	"net"
	"slices"
	"strings"
	"time"

	"streamgate/libs/config"
	"streamgate/libs/forwarded"
	"streamgate/libs/httpserver"
	"streamgate/libs/logging"
	"streamgate/libs/tracing"
)

// Settings are the settings of every service. Embed it in the service's own struct of settings.
type Settings struct {
	PublicAddr      string        `env:"PUBLIC_ADDR" envDefault:":8080" desc:"address of the public listener"`
	InternalAddr    string        `env:"INTERNAL_ADDR" envDefault:":8081" desc:"address of the listener for the other services"`
	OperationsAddr  string        `env:"OPERATIONS_ADDR" envDefault:":9090" desc:"address of the listener for probes and metrics"`
	LogLevel        slog.Level    `env:"LOG_LEVEL" envDefault:"info" desc:"debug, info, warn or error"`
	LogFormat       string        `env:"LOG_FORMAT" envDefault:"json" desc:"json or text"`
	TrustedProxies  []string      `env:"TRUSTED_PROXIES" desc:"addresses or CIDRs of the proxies in front, whose headers X-Forwarded-* and Forwarded are believed"`
	CORSOrigins     []string      `env:"CORS_ORIGINS" desc:"origins whose pages may call the API, such as https://www.example.com; none by default"`
	InternalSecrets []string      `env:"INTERNAL_SECRETS" desc:"only for an upgrade from before each pair of services had its own secrets: those of that time; each opens every internal route"`
	DrainDelay      time.Duration `env:"DRAIN_DELAY" envDefault:"5s" desc:"time between the end of readiness and the end of listening, in which load balancers look away"`
	DrainTimeout    time.Duration `env:"DRAIN_TIMEOUT" envDefault:"20s" desc:"time that requests under way have to end"`
	Pprof           bool          `env:"PPROF" envDefault:"false" desc:"serve /debug/pprof on the operations listener"`
	Traces          tracing.Settings
}

func (s *Settings) common() *Settings { return s }

// minSecret is the length in characters below which a secret could be guessed.
const minSecret = 16

// notInHeader reports whether an HTTP header would not carry the character unchanged.
func notInHeader(r rune) bool { return r <= ' ' || r > '~' }

// Validate returns every fault of the common settings.
func (s *Settings) Validate() []error {
	var faults config.Faults
	for name, addr := range map[string]string{"PUBLIC_ADDR": s.PublicAddr, "INTERNAL_ADDR": s.InternalAddr, "OPERATIONS_ADDR": s.OperationsAddr} {
		_, _, err := net.SplitHostPort(addr)
		faults.Check(err == nil, "%s: %q is not host:port, such as :8080", name, addr)
	}
	faults.Check(s.LogFormat == logging.JSON || s.LogFormat == logging.Text, "LOG_FORMAT: %q is neither json nor text", s.LogFormat)
	for _, proxy := range s.TrustedProxies {
		if _, err := forwarded.ParseProxies([]string{proxy}); err != nil {
			faults.Add(fmt.Errorf("TRUSTED_PROXIES: %w", err))
		}
	}
	for _, origin := range s.CORSOrigins {
		if err := httpserver.CheckOrigin(origin); err != nil {
			faults.Add(fmt.Errorf("CORS_ORIGINS: %w", err))
		}
	}
	faults.Add(checkSecrets("INTERNAL_SECRETS", s.InternalSecrets)...)
	faults.Check(s.DrainDelay >= 0 && s.DrainDelay <= time.Minute, "DRAIN_DELAY: %v is not between 0s and 1m", s.DrainDelay)
	faults.Check(s.DrainTimeout > 0 && s.DrainTimeout <= 10*time.Minute, "DRAIN_TIMEOUT: %v is not between 1ns and 10m", s.DrainTimeout)
	faults.Add(s.Traces.Validate()...)
	faults.Check(!s.Traces.Continue || len(s.TrustedProxies) > 0,
		"TRACES_CONTINUE: true, but TRUSTED_PROXIES is empty; list the proxies whose traces are gone on with")
	sortFaults(faults)
	return faults
}

func sortFaults(faults []error) {
	slices.SortFunc(faults, func(a, b error) int { return strings.Compare(a.Error(), b.Error()) })
}

// CheckPairs returns the faults of the secrets that a service has with others, by the names of their settings.
func (s *Settings) CheckPairs(pairs map[string][]string) []error {
	var faults config.Faults
	settings := map[string][]string{} // by secret
	for _, name := range slices.Sorted(maps.Keys(pairs)) {
		faults.Check(len(pairs[name]) > 0 || len(s.InternalSecrets) > 0,
			"%s: missing; set the same random secret for both services of the pair, for example the output of: openssl rand -hex 32", name)
		faults.Add(checkSecrets(name, pairs[name])...)
		for _, secret := range pairs[name] {
			settings[secret] = append(settings[secret], name)
		}
	}
	for _, names := range settings {
		faults.Check(len(slices.Compact(names)) == 1,
			"%s: the same secret; each pair needs its own, or one service could pass for the other", strings.Join(names, ", "))
	}
	sortFaults(faults)
	return faults
}

func checkSecrets(name string, secrets []string) []error {
	var faults config.Faults
	faults.Check(!slices.ContainsFunc(secrets, func(secret string) bool { return len(secret) < minSecret }),
		"%s: a secret is shorter than %d characters", name, minSecret)
	faults.Check(!slices.ContainsFunc(secrets, func(secret string) bool { return strings.ContainsFunc(secret, notInHeader) }),
		"%s: a secret has other characters than the visible ones of ASCII", name)
	return faults
}

// Shown returns the secrets that a request to another service shows, given those of the pair: the first of them, and before it the one
// that a service of before knows.
func (s *Settings) Shown(pair []string) []string {
	return slices.Concat(s.InternalSecrets[:min(1, len(s.InternalSecrets))], pair[:min(1, len(pair))])
}

// Accepted returns the secrets by which another service may call, given those of the pair.
func (s *Settings) Accepted(pair []string) []string { return slices.Concat(pair, s.InternalSecrets) }
