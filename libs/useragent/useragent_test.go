package useragent_test

import (
	"strings"
	"testing"

	"streamgate/libs/useragent"
)

func TestDevice(t *testing.T) {
	t.Parallel()
	for agent, want := range map[string]string{
		"curl/8.5.0":                         "curl",
		"ExoPlayer/2.19 (Linux; Android 13)": "ExoPlayer",
		"Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0": "Firefox on Linux",
		"Mozilla/5.0 (Windows NT 10.0) Chrome/140.0 Safari/537.36 Edg/140.0":     "Edge on Windows",
		"":                       "Unknown device",
		" ":                      "Unknown device",
		"\xff\xfe":               "Unknown device",
		strings.Repeat("y", 100): strings.Repeat("y", 64),
	} {
		if got := useragent.Device(agent); got != want {
			t.Errorf("%q is called %q, want %q", agent, got, want)
		}
	}
}
