package config_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"streamgate/session-svc/internal/config"
	"streamgate/session-svc/internal/events"
)

// All faults are named at once, each with its endpoint and the remedy, and no secret is shown.
func TestFaultsOfEvents(t *testing.T) {
	t.Parallel()
	const good, secret = "other:whsec_AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwd", "very-secret"
	for name, c := range map[string]struct {
		list    string
		secrets []string
		want    []string // beginnings of the faults, or none
	}{
		"off":                {"", nil, nil},
		"a webhook":          {`[{"name":"other","webhook":"https://example.com/x"}]`, []string{good}, nil},
		"two secrets":        {`[{"name":"other","webhook":"https://example.com/x"}]`, []string{good, good}, nil},
		"our own network":    {`[{"name":"other","webhook":"http://10.0.0.1/x","ownNetwork":true}]`, []string{good}, nil},
		"NATS":               {`[{"name":"other","nats":"nats://a:4222,tls://b:4222","subject":"a.b"}]`, []string{"other:token"}, nil},
		"no JSON":            {`other`, nil, []string{"EVENTS: "}},
		"an unknown member":  {`[{"name":"other","webhook":"https://example.com","secret":"x"}]`, nil, []string{"EVENTS: "}},
		"neither":            {`[{"name":"other"}]`, nil, []string{"EVENTS: endpoint other: give it either"}},
		"both":               {`[{"name":"other","webhook":"https://example.com","nats":"nats://a:1"}]`, nil, []string{"EVENTS: endpoint other: give it either"}},
		"no secret":          {`[{"name":"other","webhook":"https://example.com"}]`, nil, []string{"EVENTS: endpoint other: has no secret"}},
		"a short secret":     {`[{"name":"other","webhook":"https://example.com"}]`, []string{"other:whsec_AAAA"}, []string{"EVENTS: endpoint other: its secret"}},
		"a plain secret":     {`[{"name":"other","webhook":"https://example.com"}]`, []string{"other:" + secret}, []string{"EVENTS: endpoint other: its secret"}},
		"no name of secret":  {`[{"name":"other","webhook":"https://example.com"}]`, []string{good, secret}, []string{"EVENT_SECRETS: number 2"}},
		"nobody's secret":    {`[{"name":"other","webhook":"https://example.com"}]`, []string{good, "x:" + secret}, []string{"EVENT_SECRETS: number 2"}},
		"http":               {`[{"name":"other","webhook":"http://example.com"}]`, []string{good}, []string{"EVENTS: endpoint other: webhook must be https"}},
		"no address":         {`[{"name":"other","webhook":"example.com"}]`, []string{good}, []string{"EVENTS: endpoint other: webhook is not"}},
		"a password":         {`[{"name":"other","webhook":"https://a:b@example.com"}]`, []string{good}, []string{"EVENTS: endpoint other: webhook must have no password"}},
		"an own address":     {`[{"name":"other","webhook":"https://[::1]/"}]`, []string{good}, []string{"EVENTS: endpoint other: ::1 is not"}},
		"a name twice":       {`[{"name":"other","webhook":"https://example.com"},{"name":"other","nats":"nats://a:1"}]`, []string{good}, []string{"EVENTS: endpoint other: the name is taken"}},
		"the reserved name":  {`[{"name":"pseudonyms","nats":"nats://a:1"}]`, nil, []string{"EVENTS: endpoint pseudonyms: the name is taken"}},
		"two faults at once": {`[{"name":"A B","nats":"http://a"},{"name":"x"}]`, nil, []string{"EVENTS: endpoint 1: name", "EVENTS: endpoint 1: nats", "EVENTS: endpoint x: give"}},
		"a bad key":          {"", []string{"pseudonyms:" + secret}, []string{"EVENT_SECRETS: pseudonyms"}},
	} {
		e := config.Events{Endpoints: c.list, Secrets: c.secrets, Contents: events.Plain, Devices: events.Hidden, Keep: time.Hour}
		text := ""
		if err := errors.Join(e.Validate()...); err != nil {
			text = err.Error()
		}
		if text == "" != (len(c.want) == 0) || strings.Count(text, "\n")+1 != max(1, len(c.want)) || strings.Contains(text, secret) {
			t.Errorf("%s: %q", name, text)
		}
		for _, want := range c.want {
			if !strings.Contains("\n"+text, "\n"+want) {
				t.Errorf("%s: %q, want %q", name, text, want)
			}
		}
	}
	e := config.Events{Contents: "x", Devices: events.Pseudonym, Keep: time.Minute}
	if faults := e.Validate(); len(faults) != 3 {
		t.Error(faults)
	}
}
