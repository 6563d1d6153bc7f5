package rig

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"strings"

	"streamgate/libs/process"
)

// Service is the real session-svc.
type Service struct {
	*process.Process

	Public, Internal, Operations string // addresses

	world *World
	made  int // accounts, so far
}

// Lease is the service's lease: long, so that what was prepared is still alive when it is measured.
const Lease = "30s"

// StartService starts a binary of session-svc over Redis, with more settings such as "GOMAXPROCS=1".
func StartService(ctx context.Context, binary string, world *World, redisAddr string, settings ...string) (*Service, error) {
	s := &Service{world: world}
	for _, addr := range []*string{&s.Public, &s.Internal, &s.Operations} {
		var err error
		if *addr, err = freeAddr(ctx); err != nil {
			return nil, err
		}
	}
	cmd := exec.CommandContext(ctx, binary)
	cmd.Env = append([]string{
		"PATH=" + os.Getenv("PATH"), "PUBLIC_ADDR=" + s.Public, "INTERNAL_ADDR=" + s.Internal, "OPERATIONS_ADDR=" + s.Operations,
		"REDIS_URL=redis://" + redisAddr + "/0", "JWKS_URL=" + world.URL + "/.well-known/jwks.json", "CONTENT_SVC_URL=" + world.URL,
		"GRANT_KEYS=" + aKey, "REFRESH_KEYS=" + aKey, "INTERNAL_SECRETS=" + secret, // which earlier builds know too
		"LEASE=" + Lease,
		"STARTS_EVERY=1ms", "STARTS_BURST=10000", "DRAIN_DELAY=0s", "LOG_LEVEL=warn", "PPROF=true",
	}, settings...)
	var err error
	if s.Process, err = start(ctx, "session-svc", cmd, process.Answers("http://"+s.Operations+"/readyz")); err != nil {
		return nil, err
	}
	return s, nil
}

// Get sends a request to the listener for operations.
func (s *Service) Get(ctx context.Context, path string) (string, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+s.Operations+path, nil)
	if err != nil {
		return "", fmt.Errorf("%s: %w", path, err)
	}
	body, status, err := do(request)
	if err == nil && status != http.StatusOK {
		err = fmt.Errorf("%s answered %d", path, status)
	}
	return string(body), err
}

// Heap is what a Go process has allocated since its start.
type Heap struct{ Objects, Bytes float64 }

// Heap reads the allocations from the metrics.
func (s *Service) Heap(ctx context.Context) Heap {
	text, _ := s.Get(ctx, "/metrics")
	var h Heap
	for line := range strings.Lines(text) {
		switch name, value, _ := strings.Cut(strings.TrimSpace(line), " "); name {
		case "go_memstats_mallocs_total":
			_, _ = fmt.Sscan(value, &h.Objects)
		case "go_memstats_alloc_bytes_total":
			_, _ = fmt.Sscan(value, &h.Bytes)
		}
	}
	return h
}

// do sends a request that is not measured.
func do(request *http.Request) ([]byte, int, error) {
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return nil, 0, fmt.Errorf("%s: %w", request.URL.Path, err)
	}
	body, err := io.ReadAll(response.Body)
	return body, response.StatusCode, errors.Join(err, response.Body.Close())
}
