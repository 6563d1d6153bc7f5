package report

import (
	"context"

	"streamgate/session-svc/internal/events"
)

// SinkName is the name of the sink of reports.
const SinkName = "reports"

// Sink makes facts of events.
type Sink struct{ Store FactStore }

var _ events.Sink = Sink{}

// Name implements events.Sink.
func (Sink) Name() string { return SinkName }

// Close implements events.Sink. The store's connections are not its own.
func (Sink) Close() {}

// Send implements events.Sink.
func (s Sink) Send(ctx context.Context, e *events.Event) error {
	closing := &Closing{Stream: e.Data.Stream.String(), At: e.Time, Closed: e.Sequence, Lapsed: e.Type == events.StreamLapsed}
	switch e.Type {
	case events.StreamStarted:
		return s.Store.Write(ctx, nil, newFact(e, Started))
	case events.StreamRefused:
		return s.Store.Write(ctx, nil, newFact(e, Refused))
	case events.StreamLapsed:
		return s.Store.Write(ctx, closing, nil)
	case events.StreamResumed: // where the lapse was lost, it ends the hold before
		return s.add(ctx, closing, newFact(e, Resumed), e.Data.Device)
	case events.StreamEnded: // one that had lapsed holds nothing
		return s.add(ctx, closing, newFact(e, Ended), e.Data.Device)
	case events.AccountErased:
		if err := s.Store.Write(ctx, &Closing{Account: e.Account, At: e.Time, Closed: e.Sequence}, nil); err != nil {
			return err
		}
		return s.Store.Erase(ctx, e.Account)
	default:
		return nil
	}
}

// add adds a fact of a stream whose device this event tells, or an earlier one did.
func (s Sink) add(ctx context.Context, closing *Closing, f *Fact, device string) (err error) {
	if device == "" {
		if f.Device, err = s.Store.Device(ctx, f.Stream); err != nil {
			return err
		}
	}
	return s.Store.Write(ctx, closing, f)
}
