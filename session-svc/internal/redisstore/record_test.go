package redisstore

import (
	"encoding/binary"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"
)

// The scripts that read or write an account's record have the format that is described here, and one line for it.
func TestScriptsHaveTheRecordsFormat(t *testing.T) {
	t.Parallel()
	files, err := files.ReadDir("lua")
	if err != nil {
		t.Fatal(err)
	}
	declared := regexp.MustCompile(`(?m)^local (?:ACCOUNT|LEASE) = '(.*)'$`)
	// What a script names of a stream are parts of it.
	parts := regexp.MustCompile(`(?m)^local (?:LIFE|OWNER|FIXED) = '>(\S*)'`)
	others := map[string]string{ // of other formats
		"tell.lua": "local EVENT = '" + eventFormat + "'\n", "recall.lua": "local END = '" + endFormat + "' ",
	}
	using := 0
	for _, file := range files {
		text := load(strings.TrimSuffix(file.Name(), ".lua")).text
		found := declared.FindAllStringSubmatch(text, -1)
		if other := others[file.Name()]; other != "" {
			if !strings.Contains(text, other) {
				t.Errorf("%s: does not declare %s", file.Name(), other)
			}
			continue
		}
		if !strings.Contains(text, "struct.") && found == nil {
			continue
		}
		using++
		for _, part := range parts.FindAllStringSubmatch(text, -1) {
			if !strings.Contains(leaseFormat, part[1]) {
				t.Errorf("%s: %s is no part of %s", file.Name(), part[1], leaseFormat)
			}
		}
		if len(found) != 2 || found[0][1] != accountFormat || found[1][1] != leaseFormat {
			t.Errorf("%s: declares %v, want %s and %s once each", file.Name(), found, accountFormat, leaseFormat)
		}
	}
	if using < 6 {
		t.Errorf("%d scripts use the record", using)
	}
}

// Scripts and this package know the same states of leases, and none that a lease can be in is forgotten somewhere.
func TestScriptsKnowAllStates(t *testing.T) {
	t.Parallel()
	files, err := files.ReadDir("lua")
	if err != nil {
		t.Fatal(err)
	}
	states := map[string]string{"LEASES": leaseStates + toldStates, "TOLD": toldStates, "TELLS": leaseStates}
	declared := regexp.MustCompile(`(?m)^local (LEASES|TOLD|TELLS) = \{(.*)\}`)
	state := regexp.MustCompile(`(\w) = `)
	using := 0
	for _, file := range files {
		for _, found := range declared.FindAllStringSubmatch(load(strings.TrimSuffix(file.Name(), ".lua")).text, -1) {
			using++
			var known []string
			for _, each := range state.FindAllStringSubmatch(found[2], -1) {
				known = append(known, each[1])
			}
			want := strings.Split(states[found[1]], "")
			slices.Sort(known)
			slices.Sort(want)
			if !slices.Equal(known, want) {
				t.Errorf("%s: %s has %v, want %v", file.Name(), found[1], known, want)
			}
		}
	}
	if using < 9 {
		t.Errorf("%d tables of states", using)
	}
}

// A lease whose lapse was told lives no more, though a clock that was set back says so.
func TestWhatWasToldIsNotLive(t *testing.T) {
	t.Parallel()
	now := time.Now()
	seen := binary.BigEndian.AppendUint64(nil, uint64(now.UnixMilli()))[2:]
	for _, state := range leaseStates + toldStates {
		record := string(make([]byte, accountLength)) + string(state) + string(seen) + string(make([]byte, headerLength-1-len(seen)))
		entries, err := unpack(record, time.Minute, nil)
		if err != nil {
			t.Fatal(err)
		}
		if got, want := len(live(entries, now)), strings.Count(leaseStates, string(state)); got != want {
			t.Errorf("%c: %d live, want %d", state, got, want)
		}
	}
}
