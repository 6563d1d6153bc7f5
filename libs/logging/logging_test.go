package logging_test

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"strings"
	"testing"

	"github.com/go-json-experiment/json"

	"streamgate/libs/logging"
)

func TestARecordIsALineOfJSON(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	log := logging.New(&out, logging.JSON, slog.LevelInfo, "user-svc")
	ctx := logging.WithRequestID(context.Background(), "request-1")
	log.DebugContext(ctx, "not shown")
	log.With("step", "one").WarnContext(ctx, "hostile\n{}", "error", errors.New("two\nlines\x1b[31m\u2028"))
	var record map[string]any
	if err := json.Unmarshal(out.Bytes(), &record); err != nil || strings.Count(out.String(), "\n") != 1 {
		t.Fatalf("%v: %s", err, out.String())
	}
	for name, want := range map[string]any{
		"level": "WARN", "msg": "hostile\n{}", "service": "user-svc", "requestId": "request-1", "step": "one",
		"error": "two\nlines\x1b[31m\u2028",
	} {
		if record[name] != want {
			t.Errorf("%s is %q, want %q", name, record[name], want)
		}
	}
}

func TestText(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	log := logging.New(&out, logging.Text, slog.LevelDebug, "user-svc")
	log.DebugContext(logging.WithRequestID(t.Context(), "request-1"), "hostile\nlevel=ERROR", "path", "/a b=c\n")
	log.Info("no request")
	lines := strings.Split(strings.TrimSpace(out.String()), "\n")
	if len(lines) != 2 || !strings.Contains(lines[0], "service=user-svc") || !strings.HasSuffix(lines[0], "requestId=request-1") {
		t.Errorf("logged %s", out.String())
	}
	if strings.Contains(lines[1], "requestId") {
		t.Errorf("an id out of nothing: %s", lines[1])
	}
}

func TestRequestID(t *testing.T) {
	t.Parallel()
	if id := logging.RequestID(t.Context()); id != "" {
		t.Errorf("id %q out of nothing", id)
	}
	if id := logging.RequestID(logging.WithRequestID(t.Context(), "a")); id != "a" {
		t.Errorf("id %q", id)
	}
}

func TestGroupsKeepTheID(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	log := logging.New(&out, logging.JSON, slog.LevelInfo, "user-svc").WithGroup("store")
	log.InfoContext(logging.WithRequestID(t.Context(), "request-1"), "grouped")
	if !strings.Contains(out.String(), `"requestId":"request-1"`) {
		t.Errorf("logged %s", out.String())
	}
}
