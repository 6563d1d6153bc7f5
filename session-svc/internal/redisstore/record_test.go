package redisstore

import (
	"regexp"
	"strings"
	"testing"
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
	using := 0
	for _, file := range files {
		text := load(strings.TrimSuffix(file.Name(), ".lua")).text
		found := declared.FindAllStringSubmatch(text, -1)
		if file.Name() == "tell.lua" {
			if !strings.Contains(text, "local EVENT = '"+eventFormat+"'\n") {
				t.Errorf("tell.lua: does not declare %s", eventFormat)
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
