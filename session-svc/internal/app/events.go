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

// newRelay returns what tells other systems and the reports what happens, or nil if nobody is told. reports may be nil.
func newRelay(
	cfg config.Config, store *redisstore.Store, reports *reports, registry *prometheus.Registry, log *slog.Logger,
) (*events.Relay, error) {
	form := &events.Form{
		Source: cmp.Or(cfg.PublicURL, eventSource), Contents: cfg.Events.Contents, Devices: cfg.Events.Devices, Key: cfg.Events.PseudonymKey(),
	}
	var sinks []events.Sink
	for _, e := range cfg.Events.List() {
		if e.NATS != "" {
			sinks = append(sinks, jetstream.New(e.Name, e.NATS, e.Subject, cmp.Or(append(e.Secrets, "")...), form))
			continue
		}
		sink, err := webhook.New(e.Name, e.Webhook, e.Secrets, e.OwnNetwork, form)
		if err != nil {
			return nil, err
		}
		sinks = append(sinks, sink)
	}
	if reports != nil {
		sinks = append(sinks, reports.sink())
	}
	if len(sinks) == 0 {
		return nil, nil //nolint:nilnil // off
	}
	outbox := store.Tell(cfg.Events.Keep)
	if reports != nil {
		reports.folder.Leases = leases{store, outbox}
	}
	return events.NewRelay(events.Options{
		Outbox: outbox, Sinks: sinks, Lease: cfg.Lease, Keep: cfg.Events.Keep, Registry: registry, Log: log,
	}), nil
}
