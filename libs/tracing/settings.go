package tracing

import (
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"

	"golang.org/x/net/http/httpguts"

	"streamgate/libs/config"
)

// Settings say where traces go, and of how much. They have the names and forms of the OpenTelemetry specification, where it has them.
type Settings struct {
	Endpoint string   `env:"OTEL_EXPORTER_OTLP_ENDPOINT" desc:"collector that is sent traces by OTLP over HTTP, such as http://collector:4318; none by default; see charts/doors/traces.md"`
	Headers  []string `env:"OTEL_EXPORTER_OTLP_HEADERS" desc:"headers for it, name=value, with what is special in a value as %XX"`
	Share    float64  `env:"OTEL_TRACES_SAMPLER_ARG" envDefault:"0.01" desc:"share of the public requests that are traced, 0 to 1"`
	Continue bool     `env:"TRACES_CONTINUE" envDefault:"false" desc:"go on with the traces of what comes from TRUSTED_PROXIES, which then decide what is traced; else what a request says of traces is ignored"`
}

// tracesPath is added to the endpoint, as the specification has it.
const tracesPath = "/v1/traces"

// Validate returns every fault of the settings.
func (s *Settings) Validate() []error {
	var faults config.Faults
	faults.Check(s.Share >= 0 && s.Share <= 1, "OTEL_TRACES_SAMPLER_ARG: %v is not between 0 and 1", s.Share)
	_, err := s.headers()
	faults.Add(err)
	if s.Endpoint == "" {
		faults.Check(len(s.Headers) == 0, "OTEL_EXPORTER_OTLP_HEADERS: set, but OTEL_EXPORTER_OTLP_ENDPOINT is not")
		faults.Check(!s.Continue, "TRACES_CONTINUE: true, but OTEL_EXPORTER_OTLP_ENDPOINT is not set")
		return faults
	}
	faults.Add(s.checkEndpoint())
	return faults
}

func (s *Settings) checkEndpoint() error {
	u, err := url.Parse(s.Endpoint)
	switch {
	case err == nil && u.User != nil: // not shown
		return errors.New("OTEL_EXPORTER_OTLP_ENDPOINT: has a user or a password; put them into OTEL_EXPORTER_OTLP_HEADERS")
	case err == nil && (u.RawQuery != "" || u.ForceQuery || u.Fragment != ""):
		return errors.New("OTEL_EXPORTER_OTLP_ENDPOINT: has a part behind ? or #; remove it")
	case err == nil && strings.HasSuffix(strings.TrimSuffix(u.Path, "/"), tracesPath):
		return fmt.Errorf("OTEL_EXPORTER_OTLP_ENDPOINT: ends in %s, which is added; remove it", tracesPath)
	default:
		return config.CheckURL("OTEL_EXPORTER_OTLP_ENDPOINT", s.Endpoint)
	}
}

// headers reads the headers. Its error doesn't show them: they are secrets.
func (s *Settings) headers() (http.Header, error) {
	headers := http.Header{}
	for i, each := range s.Headers {
		name, value, ok := strings.Cut(each, "=")
		name = strings.TrimSpace(name)
		value, err := url.PathUnescape(strings.TrimSpace(value))
		if !ok || err != nil || !httpguts.ValidHeaderFieldName(name) || !httpguts.ValidHeaderFieldValue(value) {
			return nil, fmt.Errorf(
				"OTEL_EXPORTER_OTLP_HEADERS: header %d is not of the form name=value, with what is special in the value as %%XX", i+1)
		}
		headers.Set(name, value)
	}
	return headers, nil
}
