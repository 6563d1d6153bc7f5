package stack

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"os/exec"
	"strings"
	"syscall"
	"time"

	"streamgate/libs/process"
)

// Service is one replica of a service.
type Service struct {
	Public, Internal, Operations string // addresses, http://host:port

	dir, name, program string
	env                []string
	process            *process.Process
}

func newService(ctx context.Context, dir, name, program string, env []string) (*Service, error) {
	s := &Service{dir: dir, name: name, program: program, env: env}
	for variable, address := range map[string]*string{"PUBLIC_ADDR": &s.Public, "INTERNAL_ADDR": &s.Internal, "OPERATIONS_ADDR": &s.Operations} {
		free, err := process.FreeAddr(ctx, "127.0.0.1:0")
		if err != nil {
			return nil, err
		}
		*address = "http://" + free
		s.env = append(s.env, variable+"="+free)
	}
	s.env = append(s.env, "DRAIN_DELAY=0s", "DRAIN_TIMEOUT=2s", "LOG_FORMAT=text", "LOG_LEVEL=warn")
	return s, nil
}

// Start starts it, or starts it again, on the same addresses, and waits until it is ready.
func (s *Service) Start(ctx context.Context) error {
	cmd := exec.Command(s.program) //nolint:gosec,noctx // a program that we built; ended by Kill
	cmd.Env = s.env
	running, err := start(ctx, s.dir, s.name, cmd, process.Answers(s.Operations+"/readyz"))
	if err == nil {
		s.process = running
	}
	return err
}

// Kill ends it as kill -9 does.
func (s *Service) Kill() { s.process.Kill() }

// Freeze stops it as SIGSTOP does; Thaw lets it go on.
func (s *Service) Freeze() { s.process.Signal(syscall.SIGSTOP) }

// Thaw lets a frozen service go on.
func (s *Service) Thaw() { s.process.Signal(syscall.SIGCONT) }

// CPU returns the time that it has used of processors.
func (s *Service) CPU() time.Duration { return s.process.CPU() }

// Collect has it collect what it doesn't need any more, and waits for that. It takes PPROF=true.
func (s *Service) Collect(ctx context.Context) error {
	_, err := get(ctx, s.Operations+"/debug/pprof/heap?gc=1")
	return err
}

// Metric returns the sum of a metric's series.
func (s *Service) Metric(ctx context.Context, name string) (float64, error) {
	text, err := get(ctx, s.Operations+"/metrics")
	if err != nil {
		return 0, err
	}
	sum, found := 0.0, false
	for line := range strings.Lines(text) {
		rest, ok := strings.CutPrefix(line, name)
		if !ok || rest[0] != ' ' && rest[0] != '{' {
			continue
		}
		value := 0.0
		if _, err := fmt.Sscan(rest[strings.LastIndexByte(strings.TrimSpace(rest), ' ')+1:], &value); err != nil {
			return 0, fmt.Errorf("metric %q: %w", line, err)
		}
		sum, found = sum+value, true
	}
	if !found {
		return 0, fmt.Errorf("%s has no metric %s", s.name, name)
	}
	return sum, nil
}

func get(ctx context.Context, url string) (string, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return "", err
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return "", err
	}
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	if err == nil && response.StatusCode != http.StatusOK {
		err = fmt.Errorf("%s: %s", url, response.Status)
	}
	return string(text), err
}
