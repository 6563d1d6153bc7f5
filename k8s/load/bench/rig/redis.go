package rig

import (
	"context"
	"encoding/csv"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"time"

	"github.com/redis/go-redis/v9"
)

// Redis is a server without persistence, and a client of it for what is not measured.
type Redis struct {
	*Server

	Client *redis.Client

	asked int64 // how often Applied and InSync have called INFO
}

// StartRedis starts a server, with more options such as "--replicaof".
func StartRedis(ctx context.Context, options ...string) (*Redis, error) {
	server, err := Serve(ctx, "redis-server", func(addr string) *exec.Cmd {
		host, port, _ := net.SplitHostPort(addr)
		return exec.CommandContext(ctx, "redis-server", append([]string{ //nolint:gosec // our own words
			"--bind", host, "--port", port, "--save", "", "--appendonly", "no", "--maxmemory-policy", "noeviction", "--loglevel", "warning",
			"--repl-diskless-sync-delay", "0", "--repl-diskless-load", "on-empty-db", "--dir", os.TempDir(), "--repl-ping-replica-period", "3600",
		}, options...)...)
	})
	if err != nil {
		return nil, err
	}
	return (&Redis{Server: server}).In(0), nil
}

// Close ends the server.
func (r *Redis) Close() error {
	err := r.Client.Close()
	r.Kill()
	return err
}

// Info returns a number of INFO, such as used_memory, or 0.
func (r *Redis) Info(ctx context.Context, section, name string) int64 {
	text, _ := r.Client.Info(ctx, section).Result()
	_, rest, _ := strings.Cut(text, "\n"+name+":")
	value, _, _ := strings.Cut(rest, "\r")
	n, _ := strconv.ParseInt(value, 10, 64)
	return n
}

// CallTime returns how long the server worked on one call of a command on average, since CONFIG RESETSTAT.
func (r *Redis) CallTime(ctx context.Context, command string) time.Duration {
	text, _ := r.Client.Info(ctx, "commandstats").Result()
	_, rest, _ := strings.Cut(text, "cmdstat_"+command+":")
	_, rest, _ = strings.Cut(rest, "usec_per_call=")
	value, _, _ := strings.Cut(rest, ",")
	us, _ := strconv.ParseFloat(value, 64)
	return time.Duration(us * float64(time.Microsecond))
}

// Benchmark runs redis-benchmark with a command, and returns the calls per second. In the command, __rand_int__ stands
// for twelve digits below keys.
func (r *Redis) Benchmark(ctx context.Context, connections, calls, keys int, command ...string) (float64, error) {
	host, port, _ := net.SplitHostPort(r.Addr)
	arguments := []string{
		"-h", host, "-p", port, "-c", strconv.Itoa(connections), "-n", strconv.Itoa(calls), "-r", strconv.Itoa(keys), "--csv",
	}
	out, err := exec.CommandContext(ctx, "redis-benchmark", append(arguments, command...)...).Output() //nolint:gosec // our own words
	if err != nil {
		return 0, fmt.Errorf("redis-benchmark: %w: %s", err, out)
	}
	// "test","rps","avg_latency_ms",… and a line of figures, whose first field is the command, with whatever bytes it has.
	lines := strings.Split(strings.TrimSpace(string(out)), "\n")
	fields, err := csv.NewReader(strings.NewReader(lines[0])).Read()
	last := lines[len(lines)-1]
	if err != nil || len(lines) < 2 {
		return 0, fmt.Errorf("redis-benchmark answered %q", out)
	}
	figures := strings.Split(last, ",")
	rps := strings.Trim(figures[len(figures)-len(fields)+1], `"`)
	rate, err := strconv.ParseFloat(rps, 64)
	if err != nil {
		return 0, fmt.Errorf("redis-benchmark answered %q", out)
	}
	return rate, nil
}

// In returns the same server with a client of another database.
func (r *Redis) In(database int) *Redis {
	client := redis.NewClient(&redis.Options{Addr: r.Addr, DB: database, Protocol: 2, ReadTimeout: time.Minute})
	return &Redis{Server: r.Server, Client: client}
}

// Applied returns how many commands the server was sent, by clients or, as a replica, by its primary.
func (r *Redis) Applied(ctx context.Context) int64 {
	n := r.Info(ctx, "stats", "total_commands_processed")
	r.asked++
	return n - r.asked
}

// InSync waits until a replica has everything that its primary had when it was called.
func (r *Redis) InSync(ctx context.Context, primary *Redis) error {
	want := primary.Info(ctx, "replication", "master_repl_offset")
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	return r.Await(ctx, func(ctx context.Context) error {
		replicas, err := primary.Client.Info(ctx, "replication").Result()
		if err != nil || !strings.Contains(replicas, "state=online") {
			return errors.Join(errors.New("no replica"), err)
		}
		r.asked++
		if got := r.Info(ctx, "replication", "slave_repl_offset"); got < want {
			return fmt.Errorf("is at %d of %d", got, want)
		}
		return nil
	})
}

// Forget empties a database.
func (r *Redis) Forget(ctx context.Context, database int) error {
	client := r.In(database).Client
	if err := errors.Join(client.FlushDB(ctx).Err(), client.Close()); err != nil {
		return fmt.Errorf("empty database %d: %w", database, err)
	}
	return nil
}
