package service_test

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"streamgate/libs/service"
)

func TestEvery(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var log bytes.Buffer
		taken := 0
		ctx, cancel := context.WithCancel(t.Context())
		work := service.Every(time.Hour, slog.New(slog.NewTextHandler(&log, nil)), service.Step{Name: "sweep", Do: func(context.Context) error {
			if taken++; taken == 1 {
				return errors.New("away")
			}
			return nil
		}})
		ended := make(chan struct{})
		go func() { defer close(ended); work(ctx) }()
		time.Sleep(3*time.Hour + time.Minute) //nolint:forbidigo // in synctest
		cancel()
		<-ended
		if taken != 3 {
			t.Errorf("taken %d times in three hours", taken)
		}
		if said := log.String(); strings.Count(said, "\n") != 1 || !strings.Contains(said, "step=sweep error=away") {
			t.Errorf("said %q", said)
		}
	})
}
