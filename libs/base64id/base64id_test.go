package base64id_test

import (
	"bytes"
	"testing"

	"streamgate/libs/base64id"
)

func TestAnIDHasOneText(t *testing.T) {
	t.Parallel()
	id := base64id.New(8)
	text := base64id.String(id)
	if got, ok := base64id.Parse(text, 8); !ok || !bytes.Equal(got, id) || len(text) != 11 {
		t.Errorf("%x is %q, and read as %x, %v", id, text, got, ok)
	}
	for _, other := range []string{"", "AAAAAAAAAA", "AAAAAAAAAAAA", "AAAAAAAAAAB", "AAAAA\nAAAAAA", "AAAAAAAAAAA\r\n", "AAAAAAAAAAA=", "AAAAAAAAAA+"} {
		if _, ok := base64id.Parse(other, 8); ok {
			t.Errorf("%q is an id", other)
		}
	}
	if bytes.Equal(base64id.New(8), base64id.New(8)) {
		t.Error("two ids are the same")
	}
}
