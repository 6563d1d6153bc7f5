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
	declared := regexp.MustCompile(`(?m)^local LEASE = '(.*)'$`)
	using := 0
	for _, file := range files {
		text := load(strings.TrimSuffix(file.Name(), ".lua")).text
		found := declared.FindAllStringSubmatch(text, -1)
		if !strings.Contains(text, "struct.") && found == nil {
			continue
		}
		using++
		if len(found) != 1 || found[0][1] != leaseFormat {
			t.Errorf("%s: declares %v, want %s once", file.Name(), found, leaseFormat)
		}
	}
	if using < 6 {
		t.Errorf("%d scripts use the record", using)
	}
}
