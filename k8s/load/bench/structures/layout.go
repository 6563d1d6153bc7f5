package structures

import (
	"context"
	"embed"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"strconv"
	"strings"

	"streamgate/k8s/load/bench/rig"
)

//go:embed lua/*.lua
var files embed.FS

// Slots is how many streams each account has.
const Slots = rig.Limit

// The three streams of every account, each of another session, and one that wants to start a fourth.
var (
	streams  = [Slots]string{"stream 1 of three", "stream 2 of three", "stream 3 of three"}
	sessions = [Slots + 1]string{"device 1", "device 2", "device 3", "device 4"}
)

const idLength = 16

func init() {
	for i := range streams {
		streams[i] = streams[i][:idLength]
	}
}

// layout is one way of keeping leases: the commands for an account's stream.
type layout struct {
	name               string
	own                bool // its scripts are in this package
	start, renew, stop func(account string, slot int) []any
	// keys returns the keys of an account's leases.
	keys func(account string) []string
	// sessions returns the key of an account's device sessions.
	sessions func(account string) string
}

// The rules of this package's scripts; times are in milliseconds.
const (
	lease      = "30000"
	remember   = "300000"
	remembered = "8"
)

// own returns a layout whose scripts are in this package.
func own(ctx context.Context, r *rig.Redis, name, prefix string, leases ...string) (*layout, error) {
	digests := map[string]string{}
	for _, verb := range []string{"start", "renew", "stop"} {
		text, err := files.ReadFile("lua/" + prefix + "_" + verb + ".lua")
		if err != nil {
			return nil, fmt.Errorf("script: %w", err)
		}
		if digests[verb], err = r.Client.ScriptLoad(ctx, string(text)).Result(); err != nil {
			return nil, fmt.Errorf("script %s: %w", verb, err)
		}
	}
	content, err := hex.DecodeString(rig.Content)
	if err != nil {
		return nil, fmt.Errorf("content: %w", err)
	}
	l := &layout{name: name, own: true, sessions: func(account string) string { return "s:{" + account + "}" }}
	l.keys = func(account string) []string {
		var keys []string
		for _, prefix := range leases {
			keys = append(keys, prefix+":{"+account+"}")
		}
		return keys
	}
	call := func(verb string, keys []string, arguments ...string) []any {
		all := []any{"evalsha", digests[verb], len(keys)}
		for _, word := range append(keys, arguments...) {
			all = append(all, word)
		}
		return all
	}
	limit := strconv.Itoa(Slots)
	l.start = func(account string, slot int) []any {
		id := extra
		if slot < Slots {
			id = streams[slot]
		}
		detail := string(content) + "play" + rig.Devices[slot%Slots]
		return call("start", append(l.keys(account), l.sessions(account)), id, sessions[slot], detail, limit, lease, remember, "", "", remembered)
	}
	l.renew = func(account string, slot int) []any {
		return call("renew", append(l.keys(account), l.sessions(account)), streams[slot], sessions[slot], limit, lease, remember)
	}
	l.stop = func(account string, slot int) []any {
		return call("stop", l.keys(account), streams[slot], sessions[slot], rig.Devices[slot], lease, remember)
	}
	return l, nil
}

// extra is the id of a fourth stream.
const extra = "stream 4 of four"

// Present is what session-svc does, as it was captured.
type Present struct {
	Account            *rig.Account // for which these were captured: the start of its last stream, and its first's renewal and stop
	Start, Renew, Stop rig.Command
}

// layout returns the service's own commands; name maps an account's id to what stands for it in keys.
func (p *Present) layout(title string, name func(account string) string) *layout {
	var l layout
	player := rig.Devices[Slots-1]
	change := func(c rig.Command, stream, device string, account string, slot int) []any {
		id := extra
		if slot < Slots {
			id = streams[slot]
		}
		return c.For(p.Account.ID, name(account)).With(rig.Raw(stream), id, rig.Raw(p.Account.Session), sessions[slot], device, rig.Devices[slot%Slots]).Any()
	}
	last := p.Account.Streams[Slots-1]
	l = layout{
		name:  title,
		start: func(account string, slot int) []any { return change(p.Start, last, player, account, slot) },
		renew: func(account string, slot int) []any { return change(p.Renew, p.Account.Streams[0], "", account, slot) },
		stop: func(account string, slot int) []any {
			return change(p.Stop, p.Account.Streams[0], rig.Devices[0], account, slot)
		},
	}
	from, to := p.Start.Keys()
	l.keys = func(account string) []string {
		return []string{strings.ReplaceAll(p.Start[from], p.Account.ID, name(account))}
	}
	l.sessions = func(account string) string { return strings.ReplaceAll(p.Start[to-1], p.Account.ID, name(account)) }
	return &l
}

// same returns the account's id as it is.
func same(account string) string { return account }

// short returns the account's 12 bytes in 16 characters instead of 24.
func short(account string) string {
	b, _ := hex.DecodeString(account) // always hex digits
	return base64.RawURLEncoding.EncodeToString(b)
}
