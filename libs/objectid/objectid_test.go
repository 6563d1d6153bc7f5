package objectid_test

import (
	"strings"
	"testing"

	"streamgate/libs/fault"
	"streamgate/libs/objectid"
)

func TestParseReadsWhatStringWrote(t *testing.T) {
	t.Parallel()
	for _, id := range []objectid.ID{{}, objectid.New(), objectid.New()} {
		if read, err := objectid.Parse("id", id.String()); err != nil || read != id {
			t.Errorf("%s is read as %s, %v", id, read, err)
		}
	}
	if id, err := objectid.Parse("id", "607c55840e977203b4d8b5e5"); err != nil || id.String() != "607c55840e977203b4d8b5e5" || id[0] != 0x60 {
		t.Errorf("read as %s, %v", id, err)
	}
}

func TestOtherTextsAreRefused(t *testing.T) {
	t.Parallel()
	for _, text := range []string{
		"", "607c55840e977203b4d8b5e", "607c55840e977203b4d8b5e50", "607C55840E977203B4D8B5E5", "607c55840e977203b4d8b5eg", "607c55840e977203b4d8b5e\n",
		strings.Repeat("é", 12), " 607c55840e977203b4d8b5e",
	} {
		id, err := objectid.Parse("account", text)
		want := "invalid_input: account: must be 24 hex digits in lower case"
		if fault.KindOf(err) != fault.Invalid || err.Error() != want || id != (objectid.ID{}) {
			t.Errorf("%q is read as %s, %v", text, id, err)
		}
	}
}

// A client that knows two ids knows nothing of others: no part of an id is constant or a counter.
func TestNewIDsHaveNothingInCommon(t *testing.T) {
	t.Parallel()
	var seen [12]map[byte]bool
	for range 100 {
		id := objectid.New()
		for i, b := range id {
			if seen[i] == nil {
				seen[i] = map[byte]bool{}
			}
			seen[i][b] = true
		}
	}
	for i, values := range seen {
		if len(values) < 50 { // of 256 possible ones, about 83 are expected
			t.Errorf("byte %d has %d values in 100 ids", i, len(values))
		}
	}
}
