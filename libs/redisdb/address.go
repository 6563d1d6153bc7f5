package redisdb

import (
	"errors"
	"fmt"
	"maps"
	"net"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/redis/go-redis/v9"
)

// The modes.
const (
	standalone = "standalone"
	sentinel   = "sentinel"
	cluster    = "cluster"
)

// options are those of an address that count, by mode. What else the client knows is settled here, or would send reads to replicas, which may
// not know of a stream yet.
var options = map[string][]string{
	standalone: {"db", "skip_verify", protocol, "conn_max_idle_time", "conn_max_lifetime", "conn_max_lifetime_jitter"},
	sentinel: {
		"master_name", "addr", "username", "password", "db", "skip_verify", protocol,
		"conn_max_idle_time", "conn_max_lifetime", "conn_max_lifetime_jitter",
	},
	cluster: {"addr", protocol, "conn_max_idle_time", "conn_max_lifetime", "conn_max_lifetime_jitter"},
}

const protocol = "protocol"

// Validate returns every fault of the settings.
func (s *Settings) Validate() []error {
	var faults []error
	if !slices.Contains([]string{"", standalone, sentinel, cluster}, s.Mode) {
		faults = append(faults, fmt.Errorf("REDIS_MODE: %q is none of standalone, sentinel and cluster", s.Mode))
	}
	if s.URL == "" {
		return append(faults, errors.New("REDIS_URL: missing; set it to the server's address, such as redis://redis:6379/0"))
	}
	_, addressFaults := s.parse()
	return append(faults, addressFaults...)
}

// parse reads the address according to the mode, and returns every fault of it.
func (s *Settings) parse() (*redis.UniversalOptions, []error) {
	faults := s.faults()
	o, err := s.clientOptions()
	if _, ok := errors.AsType[*url.Error](err); err != nil && !ok && len(faults) == 0 { // the text of that one has the password in it
		faults = append(faults, err)
	}
	for i, fault := range faults {
		faults[i] = fmt.Errorf("REDIS_URL: %w", fault)
	}
	return o, faults
}

// faults are those that the client doesn't find, or names less well.
func (s *Settings) faults() []error {
	u, err := url.Parse(s.URL)
	if err != nil {
		return []error{errors.New("not an address; write special characters of the password as %XX")}
	}
	if u.Scheme != "redis" && u.Scheme != "rediss" {
		return []error{errors.New("doesn't begin with redis:// or rediss://")} // it may have a password in it
	}
	var faults faultList
	faults.check(u.Hostname() != "", "names no host; write it as in redis://redis:6379/0")
	faults.check(u.Fragment == "", "has a part behind #; write a # of the password as %%23")
	_, port, err := net.SplitHostPort(u.Host)
	faults.check(err != nil || isPort(port), "port %q is not between 1 and 65535", port)
	query, err := url.ParseQuery(u.RawQuery)
	faults.check(err == nil, "the part behind ? can't be read; write special characters as %%XX")
	mode := s.Mode
	if options[mode] == nil {
		mode = standalone
	}
	faults.options(mode, query)
	faults.database(mode, strings.Trim(u.Path, "/"), query["db"])
	return faults
}

type faultList []error

func (f *faultList) check(right bool, format string, args ...any) {
	if !right {
		*f = append(*f, fmt.Errorf(format, args...))
	}
}

func (f *faultList) options(mode string, query url.Values) {
	for _, name := range slices.Sorted(maps.Keys(query)) {
		values := query[name]
		switch {
		case !slices.Contains(options[mode], name):
			f.check(false, "the option %s has no effect in REDIS_MODE %s; remove it", name, mode)
		case len(values) > 1 && name != "addr":
			f.check(false, "the option %s is given %d times", name, len(values))
		case name == protocol:
			f.check(values[0] == "2" || values[0] == "3", "the option protocol is %q; it can be 2 or 3", values[0])
		}
	}
	for _, addr := range query["addr"] {
		host, port, err := net.SplitHostPort(addr)
		f.check(err == nil && host != "" && isPort(port), "the option addr is %q; it must be host:port", addr)
	}
	f.check(mode != sentinel || query.Get("master_name") != "", "names no primary; add ?master_name=name")
}

func (f *faultList) database(mode, inPath string, inQuery []string) {
	db := inPath
	if len(inQuery) > 0 {
		f.check(db == "" || db == inQuery[0], "names two databases: /%s and db=%s", db, inQuery[0])
		db = inQuery[0]
	}
	if db == "" {
		return
	}
	number, err := strconv.Atoi(db)
	f.check(err == nil && number >= 0, "%q is not the number of a database; write it as in redis://redis:6379/0", db)
	f.check(mode != cluster || number <= 0, "a Cluster has no database %d, only 0", number)
}

func isPort(text string) bool {
	n, err := strconv.ParseUint(text, 10, 16)
	return err == nil && n > 0
}

// clientOptions are what the address says to the client.
func (s *Settings) clientOptions() (*redis.UniversalOptions, error) {
	switch s.Mode {
	case cluster:
		o, err := redis.ParseClusterURL(s.URL)
		if err != nil {
			return nil, err
		}
		return &redis.UniversalOptions{
			IsClusterMode: true, Addrs: o.Addrs, Username: o.Username, Password: o.Password, TLSConfig: o.TLSConfig, Protocol: o.Protocol,
			ConnMaxIdleTime: o.ConnMaxIdleTime, ConnMaxLifetime: o.ConnMaxLifetime, ConnMaxLifetimeJitter: o.ConnMaxLifetimeJitter,
		}, nil
	case sentinel:
		o, err := redis.ParseFailoverURL(s.URL)
		if err != nil {
			return nil, err
		}
		return &redis.UniversalOptions{
			MasterName: o.MasterName, Addrs: o.SentinelAddrs, SentinelUsername: o.SentinelUsername, SentinelPassword: o.SentinelPassword,
			Username: o.Username, Password: o.Password, DB: o.DB, TLSConfig: o.TLSConfig, Protocol: o.Protocol,
			ConnMaxIdleTime: o.ConnMaxIdleTime, ConnMaxLifetime: o.ConnMaxLifetime, ConnMaxLifetimeJitter: o.ConnMaxLifetimeJitter,
		}, nil
	default:
		o, err := redis.ParseURL(s.URL)
		if err != nil {
			return nil, err
		}
		return &redis.UniversalOptions{
			Addrs: []string{o.Addr}, Username: o.Username, Password: o.Password, DB: o.DB, TLSConfig: o.TLSConfig, Protocol: o.Protocol,
			ConnMaxIdleTime: o.ConnMaxIdleTime, ConnMaxLifetime: o.ConnMaxLifetime, ConnMaxLifetimeJitter: o.ConnMaxLifetimeJitter,
		}, nil
	}
}
