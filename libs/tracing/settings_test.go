package tracing_test

import (
	"strings"
	"testing"

	"streamgate/libs/config"
	"streamgate/libs/tracing"
)

func TestSettings(t *testing.T) {
	t.Parallel()
	const to = "OTEL_EXPORTER_OTLP_ENDPOINT=http://collector:4318"
	for _, test := range []struct {
		environment string // lines
		faults      string // the beginnings of the lines
	}{
		{"", ""},
		{to, ""},
		{to + "/otlp/\nOTEL_TRACES_SAMPLER_ARG=1\nOTEL_EXPORTER_OTLP_HEADERS=x-key=a%20b, authorization=Basic%20YQ==", ""},
		{"OTEL_EXPORTER_OTLP_ENDPOINT=collector:4318", "OTEL_EXPORTER_OTLP_ENDPOINT: \"collector:4318\" is not an address"},
		{"OTEL_EXPORTER_OTLP_ENDPOINT=https://me:hunter2@collector", "OTEL_EXPORTER_OTLP_ENDPOINT: has a user or a password"},
		{"OTEL_EXPORTER_OTLP_ENDPOINT=https://collector/?key=hunter2", "OTEL_EXPORTER_OTLP_ENDPOINT: has a part behind ?"},
		{to + "/v1/traces", "OTEL_EXPORTER_OTLP_ENDPOINT: ends in /v1/traces, which is added"},
		{to + "\nOTEL_EXPORTER_OTLP_HEADERS=x-key=a,hunter2", "OTEL_EXPORTER_OTLP_HEADERS: header 2 is not of the form name=value"},
		{to + "\nOTEL_EXPORTER_OTLP_HEADERS=x key=hunter2", "OTEL_EXPORTER_OTLP_HEADERS: header 1"},
		{to + "\nOTEL_EXPORTER_OTLP_HEADERS=x-key=hunter2%0d%0aa: b", "OTEL_EXPORTER_OTLP_HEADERS: header 1"},
		{"OTEL_EXPORTER_OTLP_HEADERS=x-key=hunter2", "OTEL_EXPORTER_OTLP_HEADERS: set, but"},
		{"TRACES_CONTINUE=true", "TRACES_CONTINUE: true, but"},
		{to + "\nOTEL_TRACES_SAMPLER_ARG=1.5", "OTEL_TRACES_SAMPLER_ARG: 1.5 is not between 0 and 1"},
		{to + "\nOTEL_TRACES_SAMPLER_ARG=-1", "OTEL_TRACES_SAMPLER_ARG: -1 is not"},
		{to + "\nOTEL_TRACES_SAMPLER_ARG=NaN", "OTEL_TRACES_SAMPLER_ARG: NaN is not"},
		{to + "\nOTEL_TRACES_SAMPLER_ARG=always", "OTEL_TRACES_SAMPLER_ARG: \"always\" is not a number"},
	} {
		err := config.Load(&tracing.Settings{}, strings.Split(test.environment, "\n"))
		said := ""
		if err != nil {
			said = err.Error()
		}
		if !strings.HasPrefix(said, test.faults) || test.faults == "" && said != "" ||
			strings.Contains(said, "hunter2") || strings.Contains(said, "\n") {
			t.Errorf("%s: %q, want %q", test.environment, said, test.faults)
		}
	}
}
