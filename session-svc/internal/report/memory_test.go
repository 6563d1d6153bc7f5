package report_test

import (
	"context"

	"streamgate/session-svc/internal/report"
)

// memory keeps facts of a history that comes once and in order.
type memory struct{ facts []report.Fact }

func (m *memory) Write(_ context.Context, closing *report.Closing, add *report.Fact) error {
	for i := range m.facts {
		if f := &m.facts[i]; closing != nil && f.Stream == closing.Stream && f.Until.IsZero() {
			f.Until, f.Closed, f.Lapsed = closing.At, closing.Closed, closing.Lapsed
		}
	}
	if add != nil {
		m.facts = append(m.facts, *add)
	}
	return nil
}

func (m *memory) Device(_ context.Context, stream string) (report.Device, error) {
	for _, f := range m.facts {
		if f.Stream == stream {
			return f.Device, nil
		}
	}
	return report.Other, nil
}

func (m *memory) Facts(context.Context, string) ([]report.Fact, error) { return m.facts, nil }

func (m *memory) Erase(context.Context, string) error { return nil }
