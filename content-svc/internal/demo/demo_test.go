package demo_test

import (
	"os"
	"testing"
)

// The clips are part of the program: together they stay below 1 MB.
func TestClipsAreSmall(t *testing.T) {
	t.Parallel()
	entries, err := os.ReadDir("media")
	if err != nil || len(entries) != 3 {
		t.Fatalf("%v, %v", entries, err)
	}
	var total int64
	for _, entry := range entries {
		info, err := entry.Info()
		if err != nil {
			t.Fatal(err)
		}
		total += info.Size()
	}
	if total >= 1e6 {
		t.Errorf("%d bytes", total)
	}
}
