package bind_test

import (
	"strings"
	"testing"

	"streamgate/libs/bind"
	"streamgate/libs/fault"
)

func TestRaw(t *testing.T) {
	t.Parallel()
	const text = "e=ps\n\x00\xff"
	for _, contentType := range []string{"application/cmcd", "Application/CMCD; charset=utf-8", "text/plain;charset=UTF-8"} {
		body, err := bind.Raw(request(t, "any=query", contentType, strings.NewReader(text)), "application/cmcd", "text/plain")
		if err != nil || string(body) != text {
			t.Errorf("%s: %q, %v", contentType, body, err)
		}
	}
	if body, err := bind.Raw(request(t, "", "application/cmcd", nil), "application/cmcd"); err != nil || len(body) > 0 {
		t.Errorf("without a body: %q, %v", body, err)
	}
	for _, contentType := range []string{"", "cmcd", "application/json", "application/x-www-form-urlencoded"} {
		if _, err := bind.Raw(request(t, "", contentType, strings.NewReader(text)), "application/cmcd"); fault.KindOf(err) != fault.UnsupportedMedia {
			t.Errorf("%q: %v", contentType, err)
		}
	}
	packed := request(t, "", "application/cmcd", strings.NewReader(text))
	packed.Request.Header.Set("Content-Encoding", "gzip")
	if _, err := bind.Raw(packed, "application/cmcd"); fault.KindOf(err) != fault.UnsupportedMedia {
		t.Errorf("compressed: %v", err)
	}
}
