package seal_test

import (
	"bytes"
	"encoding/base64"
	"strings"
	"testing"

	"streamgate/libs/seal"
)

var old, current = bytes.Repeat([]byte{1}, 32), bytes.Repeat([]byte{2}, 32)

func TestOpenGivesWhatWasSealed(t *testing.T) {
	t.Parallel()
	keys := seal.Keys{current, old}
	for _, message := range []string{"", "a", strings.Repeat("long", 1000)} {
		sealed := keys.Seal("test", []byte(message))
		if len(sealed) != len(message)+seal.TagLength {
			t.Errorf("%d bytes became %d", len(message), len(sealed))
		}
		if got, ok := keys.Open("test", sealed); !ok || string(got) != message {
			t.Errorf("opened %q, %t", got, ok)
		}
	}
}

func TestEveryBitIsSealed(t *testing.T) {
	t.Parallel()
	keys := seal.Keys{current}
	sealed := keys.Seal("test", []byte("message"))
	for i := range len(sealed) * 8 {
		wrong := bytes.Clone(sealed)
		wrong[i/8] ^= 1 << (i % 8)
		if _, ok := keys.Open("test", wrong); ok {
			t.Errorf("bit %d can be changed", i)
		}
	}
	for i := range sealed {
		if _, ok := keys.Open("test", sealed[:i]); ok {
			t.Errorf("cut to %d bytes it still opens", i)
		}
		if _, ok := keys.Open("test", sealed[i+1:]); ok {
			t.Errorf("without the first %d bytes it still opens", i+1)
		}
	}
	if _, ok := keys.Open("test", append(bytes.Clone(sealed), 0)); ok {
		t.Error("with a byte more it still opens")
	}
}

func TestPurposesAreApart(t *testing.T) {
	t.Parallel()
	keys := seal.Keys{current}
	sealed := keys.Seal("grant", []byte("message"))
	for _, purpose := range []string{"", "ticket", "grant2", "gran", "grant\x00"} {
		if _, ok := keys.Open(purpose, sealed); ok {
			t.Errorf("opens as %q", purpose)
		}
	}
	// A part of the purpose can't move into the message.
	if _, ok := keys.Open("grantm", append([]byte("essage"), sealed[len("message"):]...)); ok {
		t.Error("the border between purpose and message can be moved")
	}
}

func TestRotation(t *testing.T) {
	t.Parallel()
	sealed := seal.Keys{old}.Seal("test", []byte("message"))
	for name, test := range map[string]struct {
		keys seal.Keys
		want bool
	}{
		"before":            {seal.Keys{old}, true},
		"the new one known": {seal.Keys{old, current}, true},
		"the new one first": {seal.Keys{current, old}, true},
		"the old one gone":  {seal.Keys{current}, false},
		"none":              {nil, false},
	} {
		if _, ok := test.keys.Open("test", sealed); ok != test.want {
			t.Errorf("%s: opens: %t", name, ok)
		}
	}
	if _, ok := (seal.Keys{current}).Open("test", seal.Keys{current, old}.Seal("test", nil)); !ok {
		t.Error("the first key is not the one that seals")
	}
}

func TestSealLeavesTheMessageAlone(t *testing.T) {
	t.Parallel()
	buffer := []byte("message and what comes after it, which is not ours")
	before := bytes.Clone(buffer)
	seal.Keys{current}.Seal("test", buffer[:7])
	if !bytes.Equal(buffer, before) {
		t.Errorf("it became %q", buffer)
	}
}

func TestParseKeys(t *testing.T) {
	t.Parallel()
	right := base64.StdEncoding.EncodeToString(current)
	keys, err := seal.ParseKeys("GRANT_KEYS", []string{right, " " + right + "\n"})
	if err != nil || len(keys) != 2 || !bytes.Equal(keys[1], current) {
		t.Errorf("keys %v, %v", keys, err)
	}
	for name, test := range map[string]struct {
		texts  []string
		faults []string
	}{
		"none":       {nil, []string{"GRANT_KEYS: missing"}},
		"empty":      {[]string{""}, []string{"key 1"}},
		"short":      {[]string{right, base64.StdEncoding.EncodeToString(current[:31])}, []string{"key 2"}},
		"long":       {[]string{base64.StdEncoding.EncodeToString(append(bytes.Clone(current), 0))}, []string{"key 1"}},
		"not base64": {[]string{"hunter2!", right, "hunter3!"}, []string{"key 1", "key 3"}},
		"URL base64": {[]string{base64.URLEncoding.EncodeToString(bytes.Repeat([]byte{0xff}, 32))}, []string{"key 1"}},
	} {
		_, err := seal.ParseKeys("GRANT_KEYS", test.texts)
		if err == nil {
			t.Errorf("%s is taken", name)
			continue
		}
		for _, part := range append(test.faults, "GRANT_KEYS: ", "openssl rand -base64 32") {
			if !strings.Contains(err.Error(), part) {
				t.Errorf("%s: %v doesn't say %s", name, err, part)
			}
		}
		if strings.Contains(err.Error(), "hunter") || strings.Count(err.Error(), "\n") != len(test.faults)-1 {
			t.Errorf("%s: %v", name, err)
		}
	}
}
