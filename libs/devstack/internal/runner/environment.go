package runner

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net"
	"net/url"
	"os"
	"slices"
	"strconv"
	"strings"

	"streamgate/libs/process"
)

// variables maps the names of environment variables to their values.
type variables map[string]string

func parseEnviron(environ []string) variables {
	v := make(variables, len(environ))
	for _, line := range environ {
		name, value, _ := strings.Cut(line, "=")
		v[name] = value
	}
	return v
}

// environ returns the list that a program is started with.
func (v variables) environ() []string {
	list := make([]string, 0, len(v))
	for _, name := range slices.Sorted(maps.Keys(v)) {
		list = append(list, name+"="+v[name])
	}
	return list
}

// addresses are the addresses that a service listens on, each host:port.
type addresses struct {
	public, internal, operations string
}

func chooseAddresses(ctx context.Context, service Service) (addresses, error) {
	var a addresses
	var errs error
	for address, port := range map[*string]int{&a.public: service.Public, &a.internal: service.Internal, &a.operations: service.Operations} {
		free, err := process.FreeAddr(ctx, net.JoinHostPort("127.0.0.1", strconv.Itoa(port)))
		errs = errors.Join(errs, err)
		*address = free
	}
	return a, errs
}

// known returns the values that settings may name: ${dir} and ${dir:url}, ${mongodb}, ${redis}, a generated secret, that of a
// pair such as ${user-svc-to-session-svc}, and ${service.public}, ${service.internal}, ${service.operations}, with the service's name or self.
func known(dir, mongoDB, redis string, secrets variables, listen map[string]addresses) variables {
	v := maps.Clone(secrets)
	v["dir"] = dir
	v["dir:url"] = (&url.URL{Path: dir}).EscapedPath()
	v["mongodb"] = mongoDB
	v["redis"] = redis
	for service, a := range listen {
		v.add(service, a)
	}
	return v
}

func (v variables) add(service string, a addresses) {
	v[service+".public"] = a.public
	v[service+".internal"] = a.internal
	v[service+".operations"] = a.operations
}

// environment returns a service's environment: the user's, the service's settings and the addresses to listen on.
func (s Service) environment(user, known variables, self addresses) (variables, error) {
	known = maps.Clone(known)
	known.add("self", self)
	env := variables{}
	maps.Copy(env, user)
	var errs error
	for _, settings := range []Settings{everyService, s.Settings} {
		for name, value := range settings.Defaults {
			if _, set := user[name]; !set {
				env[name] = expand(value, known, &errs)
			}
		}
		for name, value := range settings.Wiring {
			env[name] = expand(value, known, &errs)
		}
	}
	if errs != nil {
		return nil, fmt.Errorf("the settings of %s: %w", s.Name, errs)
	}
	return env, nil
}

func expand(value string, known variables, errs *error) string {
	return os.Expand(value, func(name string) string {
		v, ok := known[name]
		if !ok {
			*errs = errors.Join(*errs, fmt.Errorf("${%s} is not known", name))
		}
		return v
	})
}
