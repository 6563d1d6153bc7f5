package runner

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"go.yaml.in/yaml/v3"

	"streamgate/libs/devstack/routes"
)

// Service is one program of the stack, as data. Its folder in the repository, its command below cmd/ and its binary all
// have its name.
type Service struct {
	Name string
	// Ports on 127.0.0.1; where one is taken, a free one is used.
	Public, Internal, Operations int
	Settings
	Paths []routes.Path // that lead to it
	// Holds is the name of a metric that is above 0 while the service is ready but holds some requests back; "" if it has none.
	Holds string
}

// Settings are environment variables. Values may contain ${names}: see known.
type Settings struct {
	Wiring   map[string]string // required, so that the parts find each other
	Defaults map[string]string // used unless the user's own environment sets them
}

// everyService holds the settings of all services.
var everyService = Settings{
	Wiring: map[string]string{
		"PUBLIC_ADDR":     "${self.public}",
		"INTERNAL_ADDR":   "${self.internal}",
		"OPERATIONS_ADDR": "${self.operations}",
	},
	Defaults: map[string]string{
		"TRUSTED_PROXIES": "127.0.0.1/32", // the front
		"LOG_FORMAT":      "text",
		"LOG_LEVEL":       "warn",
		"DRAIN_DELAY":     "0s", // no load balancer has to notice
	},
}

// The stores' preferred addresses. The services' ports follow, ten for each service that doesn't name its own.
const (
	mongoDBAddress = "127.0.0.1:9008"
	redisAddress   = "127.0.0.1:9009"
	firstPort      = 9010
)

// Find returns the services of the repository at root, in the order of their names: its folders *-svc that hold a Go
// module. Each says in its file run.yaml which port it prefers, which paths lead to it and which settings it needs.
// Without such folders the list is empty; a missing or faulty file is an error.
func Find(root string) ([]Service, error) {
	modules, err := filepath.Glob(filepath.Join(root, "*-svc", "go.mod"))
	if err != nil {
		return nil, err
	}
	var services []Service
	var errs error
	ports := map[int]string{}
	for _, module := range modules {
		service := Service{Name: filepath.Base(filepath.Dir(module))}
		errs = errors.Join(errs, service.read(filepath.Join(root, service.Name, "run.yaml")))
		if other := ports[service.Public]; other != "" && service.Public != 0 {
			errs = errors.Join(errs, fmt.Errorf("port %d: both %s and %s have it; change one of their files run.yaml", service.Public, other, service.Name))
		}
		ports[service.Public] = service.Name
		services = append(services, service)
	}
	next := firstPort
	for i := range services {
		s := &services[i]
		for s.Public == 0 {
			if ports[next] == "" {
				s.Public = next
			}
			next += 10
		}
		s.Internal, s.Operations = s.Public+1, s.Public+2
	}
	return services, errs
}

func (s *Service) read(file string) error {
	text, err := os.ReadFile(file)
	if err != nil {
		return fmt.Errorf("how to start %s: %w", s.Name, err)
	}
	var content struct {
		Port             int
		Paths            []routes.Path
		Holds            string
		Wiring, Defaults map[string]string
	}
	decoder := yaml.NewDecoder(bytes.NewReader(text))
	decoder.KnownFields(true)
	if err := decoder.Decode(&content); err != nil {
		return fmt.Errorf("%s: %w", file, err)
	}
	s.Public, s.Paths, s.Holds, s.Wiring, s.Defaults = content.Port, content.Paths, content.Holds, content.Wiring, content.Defaults
	return nil
}

// table returns the routes of all services, or an error where two services have the same path.
func table(services []Service) (routes.Table, error) {
	table := routes.Table{}
	var errs error
	for _, service := range services {
		for _, path := range service.Paths {
			errs = errors.Join(errs, table.Add(path, service.Name))
		}
	}
	return table, errs
}
