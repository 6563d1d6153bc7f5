package bench

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"streamgate/k8s/load/bench/wire"
)

// profilesPart is the name of this part.
const profilesPart = "profiles"

// profiles writes profiles of the service under load to the folder for what is built: CPU of these seconds, allocations
// since its start.
func (s *stage) profiles(ctx context.Context) error {
	if err := s.warm(ctx); err != nil {
		return err
	}
	const lasts = 8 * time.Second
	for _, kind := range []struct {
		name   string
		source wire.Source
	}{{"heartbeats", s.heartbeats(s.tokens)}, {"mix", s.mixed()}} {
		if err := s.playing(ctx, len(s.tokens)); err != nil {
			return err
		}
		failed := make(chan error, 1)
		go func() { failed <- s.profile(ctx, kind.name+".cpu", "/debug/pprof/profile?seconds=6") }()
		if _, err := wire.Closed(ctx, s.service.Public, s.Connections, kind.source, lasts); err != nil {
			return err
		}
		if err := <-failed; err != nil {
			return err
		}
		if err := s.profile(ctx, kind.name+".allocations", "/debug/pprof/allocs"); err != nil {
			return err
		}
	}
	return nil
}

func (s *stage) profile(ctx context.Context, name, path string) error {
	text, err := s.service.Get(ctx, path)
	if err != nil {
		return err
	}
	file := filepath.Join(s.Work, name+".pprof")
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		return fmt.Errorf("profile: %w", err)
	}
	_, _ = fmt.Fprintf(s.Out, "go tool pprof %s\n", file)
	return nil
}
