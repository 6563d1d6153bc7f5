package mutant

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

// Mutant is session-svc with one change.
type Mutant struct {
	Name string
	What string
	// Scenario is the name of the one that must find it.
	Scenario string

	script   string // of redisstore
	old, new string
}

// All gives the mutants. Each takes one thing out of one script.
func All() []Mutant {
	return []Mutant{
		{
			Name: "no-count", What: "a start does not count the leases", Scenario: "rounds",
			script: "start", old: "#rivals - limit + 1", new: "0",
		},
		{
			Name: "no-purge", What: "a start counts what has lapsed, too", Scenario: "calm",
			script: "start", old: "e.live = lapses > now", new: "e.live = LEASES[e.state]",
		},
		{
			Name: "no-count-resuming", What: "a lapsed stream resumes without a free slot", Scenario: "calm",
			script: "renew", old: "if not renewed and rivals >= limit then", new: "if not renewed and rivals < 0 then",
		},
		{
			Name: "no-end", What: "a heartbeat renews what has ended", Scenario: "calm",
			script: "renew", old: "return {'ended', now, limit, record}", new: "return {'renewed', now, limit, '', {}, lease, 0, 0, 0, lease}",
		},
		{
			Name: "no-session", What: "a session that was ended starts streams", Scenario: "calm",
			script: "start", old: "if tonumber(expires or 0) <= now then return {'no_session', now, limit, record} end", new: "",
		},
		{
			Name: "no-repetition", What: "a repeated start is another stream", Scenario: "replies-lost",
			script: "start", old: "if e.stream == stream then", new: "if false then",
		},
		{
			Name: "no-hold", What: "a Redis that lost its memory grants at once", Scenario: "flushall",
			script: "start", old: "if math.abs(now - forgot) < lease then return {'held', now, limit, record} end", new: "",
		},
		{
			Name: "no-oom", What: "a full Redis renews nothing", Scenario: "memory-full",
			script: "renew", old: "#!lua flags=allow-oom", new: "#!lua",
		},
		{
			Name: "no-set-back", What: "a clock that was set back is believed", Scenario: "clock-redis",
			script: "start", old: "if e.seen > now then return {'set_back', now} end", new: "",
		},
	}
}

// Overlay writes what go build -overlay needs to build the mutant from the source of session-svc, and gives the file's name.
func (m *Mutant) Overlay(source, dir string) (string, error) {
	file, err := filepath.Abs(filepath.Join(source, "internal", "redisstore", "lua", m.script+".lua"))
	if err != nil {
		return "", err
	}
	text, err := os.ReadFile(file)
	if err != nil {
		return "", err
	}
	if strings.Count(string(text), m.old) != 1 {
		return "", fmt.Errorf("mutant %s: %s has not got once: %s", m.Name, file, m.old)
	}
	changed := filepath.Join(dir, m.Name+".lua")
	if err := os.WriteFile(changed, []byte(strings.Replace(string(text), m.old, m.new, 1)), 0o600); err != nil { //nolint:gosec // names of our own
		return "", err
	}
	overlay, err := json.Marshal(map[string]any{"Replace": map[string]string{file: changed}})
	if err != nil {
		return "", err
	}
	name := filepath.Join(dir, m.Name+".json")
	return name, os.WriteFile(name, overlay, 0o600)
}
