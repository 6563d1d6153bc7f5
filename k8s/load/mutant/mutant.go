package mutant

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

// Mutant is a service with one change.
type Mutant struct {
	Name string
	What string
	// Scenario is the name of the one that must find it.
	Scenario string

	file     string // of the repository
	old, new string
}

// The files that hold the rule.
const (
	start  = "session-svc/internal/redisstore/lua/start.lua"
	renew  = "session-svc/internal/redisstore/lua/renew.lua"
	pace   = "libs/pace/pace.go"
	keeper = "libs/delivery/keeper.go"
	look   = "session-svc/internal/redisstore/lua/look.lua"
	relay  = "session-svc/internal/events/relay.go"
)

// All returns the mutants. Each takes one thing out of one file.
func All() []Mutant {
	return []Mutant{
		{
			Name: "no-count", What: "a start does not count the leases", Scenario: "rounds",
			file: start, old: "#rivals - limit + 1", new: "0",
		},
		{
			Name: "no-purge", What: "a start counts what has lapsed, too", Scenario: "calm",
			file: start, old: "e.live = lapses > now", new: "e.live = LEASES[e.state]",
		},
		{
			Name: "no-count-resuming", What: "a lapsed stream resumes without a free slot", Scenario: "calm",
			file: renew, old: "if not renewed and rivals >= limit then", new: "if not renewed and rivals < 0 then",
		},
		{
			Name: "no-end", What: "a heartbeat renews what has ended", Scenario: "calm",
			file: renew, old: "return {'ended', now, limit, record}", new: "return {'renewed', now, limit, '', {}, lease, 0, 0, 0, lease}",
		},
		{
			Name: "no-session", What: "a session that was ended starts streams", Scenario: "calm",
			file: start, old: "if tonumber(expires or 0) <= now then return {'no_session', now, limit, record} end", new: "",
		},
		{
			Name: "no-doubt", What: "a promoted Redis is believed who is signed in", Scenario: "signed-out",
			file: start, old: "if sure_since < tonumber(began) then return {'no_session', now, limit, record} end", new: "",
		},
		{
			Name: "no-repetition", What: "a repeated start is another stream", Scenario: "replies-lost",
			file: start, old: "if not own and e.stream:sub(1, named) == start then", new: "if false then",
		},
		{
			Name: "no-hold", What: "a Redis that lost its memory grants at once", Scenario: "flushall",
			file: start, old: "if math.abs(now - forgot) < lease then", new: "if false then",
		},
		{
			Name: "no-oom", What: "a full Redis renews nothing", Scenario: "memory-full",
			file: renew, old: "#!lua flags=allow-oom", new: "#!lua",
		},
		{
			Name: "no-set-back", What: "a clock that was set back is believed", Scenario: "clock-redis",
			file: start, old: "if e.seen > now then return {'set_back', now} end", new: "",
		},
		{
			Name: "no-cover", What: "a lease lapses while its player has film to play", Scenario: "buffers",
			file: renew, old: "LIFE, state, seen, played - seen", new: "LIFE, state, seen, 0",
		},
		{
			Name: "no-budget", What: "an account may be sent any film", Scenario: "carousel",
			file: renew, old: "local left = math.floor(limit * burst - math.max(0, spent - now) * rate)", new: "local left = want",
		},
		{
			Name: "no-bound-of-starts", What: "an account may start as often as it likes", Scenario: "starts",
			file: start, old: "if wait > 0 then", new: "if false then",
		},
		{
			Name: "no-lowering", What: "a lapsed stream resumes by the limit of its grant", Scenario: "lowered",
			file: renew, old: "limit = tonumber(plan or limit)", new: "limit = tonumber(limit)",
		},
		{
			Name: "no-pace", What: "content-svc sends all that is asked for", Scenario: "ahead",
			file: pace, old: "if ahead <= bound {", new: "if ahead <= bound || true {",
		},
		{
			Name: "no-push", What: "content-svc ignores the news of an end", Scenario: "ends",
			file: keeper, old: "if s, ok := k.streams.Peek(stream); ok {", new: "if s, ok := k.streams.Peek(stream); ok && false {",
		},
		{
			Name: "no-told-start", What: "a start is not told", Scenario: "told",
			file: start, old: "tell(own and 'r' or 's', '-', now, granted)", new: "",
		},
		{
			Name: "told-twice", What: "a lapse is told by each look", Scenario: "told",
			file: look, old: "state:upper()", new: "state",
		},
		{
			Name: "no-place", What: "what a receiver did not take is not told again", Scenario: "told",
			file: relay, old: "return e.Sequence - 1, err", new: "return batch.Last, nil",
		},
	}
}

// Overlay writes what go build -overlay needs to build the mutant from the repository at root, and returns the file's name.
func (m *Mutant) Overlay(root, dir string) (string, error) {
	file, err := filepath.Abs(filepath.Join(root, m.file))
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
	changed := filepath.Join(dir, m.Name+filepath.Ext(file))
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
