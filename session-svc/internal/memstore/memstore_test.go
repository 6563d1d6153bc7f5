package memstore_test

import (
	"sync/atomic"
	"testing"
	"time"

	"streamgate/session-svc/internal/memstore"
	"streamgate/session-svc/internal/stream/storetest"
)

func TestConformance(t *testing.T) {
	t.Parallel()
	storetest.Run(t, func(*testing.T) storetest.Stores {
		var clock atomic.Int64
		clock.Store(time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC).UnixMilli())
		store := memstore.New(storetest.Rules, func() time.Time { return time.UnixMilli(clock.Load()) })
		return storetest.Stores{
			Streams: store, Sessions: store.Sessions(storetest.SessionTTL),
			Pass: func(d time.Duration) { clock.Add(d.Milliseconds()) },
		}
	})
}
