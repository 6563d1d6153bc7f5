package cmcd_test

import (
	"bytes"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"streamgate/session-svc/internal/cmcd"
	"streamgate/session-svc/internal/stream"
)

var words = map[string]stream.Activity{"waits": stream.Waits, "plays": stream.Plays, "pauses": stream.Pauses, "over": stream.Over}

// recorded returns what real players posted, and what they did.
func recorded(t testing.TB) (bodies [][]byte, did []stream.Activity) {
	t.Helper()
	files, err := filepath.Glob("testdata/*.txt")
	if err != nil || len(files) < 4 {
		t.Fatal(files, err)
	}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for line := range strings.Lines(string(text)) {
			word, quoted, _ := strings.Cut(strings.TrimSpace(line), " ")
			if word == "#" {
				continue
			}
			body, err := strconv.Unquote(quoted)
			if _, known := words[word]; err != nil || !known {
				t.Fatal(file, line, err)
			}
			bodies, did = append(bodies, []byte(body)), append(did, words[word])
		}
	}
	return bodies, did
}

func TestWhatPlayersPost(t *testing.T) {
	t.Parallel()
	bodies, did := recorded(t)
	for i, body := range bodies {
		if does, err := cmcd.Read(body); err != nil || does != did[i] {
			t.Errorf("%q: %d, %v; want %d", body, does, err, did[i])
		}
	}
	// A batch says what its last event says.
	if does, err := cmcd.Read(bytes.Join(bodies, nil)); err != nil || does != did[len(did)-1] {
		t.Errorf("%d, %v", does, err)
	}
}

func TestRead(t *testing.T) {
	t.Parallel()
	for body, want := range map[string]stream.Activity{
		"e=t":                                 stream.Plays,
		"e=t,v=2":                             stream.Plays,
		"e=e":                                 stream.Over,
		"e=e,ec=(\"404\"),sta=p":              stream.Plays, // it told of an error, and plays on
		"e=e,ec=(\"404\"),sta=f":              stream.Over,
		"e=ps,sta=q":                          stream.Over,
		"e=ps,sta=zz":                         stream.Plays, // of a version to come
		"e=ps;x=1,sta=a;y":                    stream.Pauses,
		"e=ps,sta=p,sta=a":                    stream.Pauses, // the last of a key counts, as RFC 9651 has it
		" e=ps , sta=a ":                      stream.Pauses,
		"e=ps,sta=a\r\n":                      stream.Pauses,
		"e=ps,sta=a\n\n\n":                    stream.Pauses,
		"e=ps,sta=p\ne=ps,sta=a":              stream.Pauses,
		"e=ps,sta=a\ne=ps,sta=p\nsta=a\nx y":  stream.Plays,
		"e=ps,sta=a,com.example-Key=1\ne=t":   stream.Plays,
		"e=ps,com.example-key=\"e=ps,sta=a\"": stream.Plays,
	} {
		if does, err := cmcd.Read([]byte(body)); err != nil || does != want {
			t.Errorf("%q: %d, %v; want %d", body, does, err, want)
		}
	}
	for _, body := range []string{"", "\n", "e", "e=", "e=1", "e=\"ps\"", "e=(ps)", "sta=p", "{\"e\":\"ps\"}", "CMCD=e%3Dps", "\xff", "e=ps,", "e=ps,SID=\"x\"", "e=ps,cid=\"é\""} {
		if does, err := cmcd.Read([]byte(body)); err == nil {
			t.Errorf("%q: %d", body, does)
		}
	}
}

func FuzzRead(f *testing.F) {
	bodies, _ := recorded(f)
	for _, body := range bodies {
		f.Add(body)
	}
	f.Add([]byte("e=ps,sta=a\r\ne=\n(;,\"\\"))
	f.Fuzz(func(t *testing.T, body []byte) {
		does, err := cmcd.Read(body)
		fed, fedErr := cmcd.Read(append(bytes.Clone(body), '\n'))
		if does != fed || (err == nil) != (fedErr == nil) {
			t.Errorf("%q: %d, %v; with a line feed %d, %v", body, does, err, fed, fedErr)
		}
		if last, err := cmcd.Read(append(bytes.Clone(body), "\ne=ps,sta=a\n?"...)); err != nil || last != stream.Pauses {
			t.Errorf("%q and then a pause: %d, %v", body, last, err)
		}
	})
}
