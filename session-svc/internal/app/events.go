package app

import (
	"cmp"
	"log/slog"

	"github.com/prometheus/client_golang/prometheus"

	"streamgate/session-svc/internal/config"
	"streamgate/session-svc/internal/events"
	"streamgate/session-svc/internal/jetstream"
	"streamgate/session-svc/internal/redisstore"
	"streamgate/session-svc/internal/webhook"
)

// eventSource is that of events where the service's own address is not known.
const eventSource = "urn:streamgate"

// newRelay returns what tells other systems what happens, or nil if there are none.
func newRelay(cfg config.Config, store *redisstore.Store, registry *prometheus.Registry, log *slog.Logger) (*events.Relay, error) {
	endpoints := cfg.Events.List()
	if len(endpoints) == 0 {
		return nil, nil //nolint:nilnil // off
	}
	var sinks []events.Sink
	for _, e := range endpoints {
		if e.NATS != "" {
			sinks = append(sinks, jetstream.New(e.Name, e.NATS, e.Subject, cmp.Or(append(e.Secrets, "")...)))
			continue
		}
		sink, err := webhook.New(e.Name, e.Webhook, e.Secrets, e.OwnNetwork)
		if err != nil {
			return nil, err
		}
		sinks = append(sinks, sink)
	}
	return events.NewRelay(events.Options{
		Outbox: store.Tell(cfg.Events.Keep), Sinks: sinks, Lease: cfg.Lease, Keep: cfg.Events.Keep, Registry: registry, Log: log,
		Form: events.Form{
			Source: cmp.Or(cfg.PublicURL, eventSource), Contents: cfg.Events.Contents, Devices: cfg.Events.Devices, Key: cfg.Events.PseudonymKey(),
		},
	}), nil
}
