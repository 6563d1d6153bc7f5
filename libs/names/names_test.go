package names_test

import (
	"strings"
	"testing"

	"streamgate/libs/names"
)

// seen are names that people have.
var seen = []string{
	"a", "Ada Lovelace", "ünï 🎬 <b>&", "José", "Jose\u0301", "Володимир", "李小龍", "نوشین", "علی\u200cرضا", "ශ්\u200dරී", "क्\u200dष", "عبد الله", "שלום",
	"👨\u200d👩\u200d👧 TV", "❤\ufe0f\u200d🔥", "🏳\ufe0f\u200d🌈", "👩🏽\u200d🚀", "1\ufe0f\u20e3", "☎\ufe0e", "O'Brien", "no\u00a0break", "全角\u3000空白", "\U0001f600", "a  b", `{"$ne":""}`,
}

// unseen are characters that nobody sees, or that turn what is around them.
var unseen = map[string]string{
	"null": "\x00", "bell": "\a", "tab": "\t", "line feed": "\n", "delete": "\x7f", "next line": "\u0085", "soft hyphen": "\u00ad",
	"grapheme joiner": "\u034f", "letter mark": "\u061c", "Hangul filler": "\u3164", "half-width filler": "\uffa0", "choseong filler": "\u115f",
	"Khmer vowel": "\u17b4", "Mongolian separator": "\u180e", "Mongolian variation": "\u180b", "zero width space": "\u200b", "non-joiner": "\u200c",
	"joiner": "\u200d", "left-to-right mark": "\u200e", "right-to-left mark": "\u200f", "line separator": "\u2028", "paragraph separator": "\u2029",
	"embedding": "\u202a", "end of direction": "\u202c", "override": "\u202e", "word joiner": "\u2060", "invisible times": "\u2062", "isolate": "\u2066",
	"end of isolate": "\u2069", "braille blank": "\u2800", "byte order mark": "\ufeff", "annotation": "\ufff9", "variation": "\ufe00", "picture style": "\ufe0f",
	"variation supplement": "\U000e0100", "tag": "\U000e0041", "language tag": "\U000e0001", "private use": "\ue000", "no character": "\uffff",
	"nor this": "\ufdd0", "nor in another plane": "\U0001fffe", "musical": "\U0001d173", "no UTF-8": "\xff", "a surrogate": "\xed\xa0\x80",
}

func TestNames(t *testing.T) {
	t.Parallel()
	for _, name := range seen {
		if remedy := names.Remedy(name, 100); remedy != "" {
			t.Errorf("%+q: %s", name, remedy)
		}
		if shown := names.Shown(name, 100); shown != name {
			t.Errorf("%+q is shown as %+q", name, shown)
		}
	}
	for what, hidden := range unseen {
		for _, name := range []string{hidden, "a" + hidden, hidden + "a", "a" + hidden + "b", " " + hidden, "á" + hidden + "é"} {
			if remedy := names.Remedy(name, 100); !strings.Contains(remedy, "1 to 100 characters that can be seen") {
				t.Errorf("%s in %+q: remedy %q", what, name, remedy)
			}
			if shown := names.Shown(name, 100); strings.Contains(shown, hidden) {
				t.Errorf("%s is shown in %+q", what, shown)
			}
		}
	}
	for _, empty := range []string{"", " ", "\u00a0", "\u3000 ", "\u2003"} {
		if names.Remedy(empty, 100) == "" {
			t.Errorf("%+q is a name", empty)
		}
	}
}

func TestLengthsAreInCharacters(t *testing.T) {
	t.Parallel()
	for _, character := range []string{"a", "é", "李", "🎬"} {
		for length, right := range map[int]bool{1: true, 99: true, 100: true, 101: false} {
			text := strings.Repeat(character, length)
			if got := names.Remedy(text, 100) == ""; got != right {
				t.Errorf("%d of %s is a name: %v", length, character, got)
			}
			if got := names.TextRemedy(text, 100) == ""; got != right {
				t.Errorf("%d of %s is a text: %v", length, character, got)
			}
			if got, want := names.Shown(text, 100), strings.Repeat(character, min(length, 100)); got != want {
				t.Errorf("%d of %s are shown as %s", length, character, got)
			}
		}
	}
}

func TestTexts(t *testing.T) {
	t.Parallel()
	for _, text := range append([]string{"", " ", "line\r\n\tbreak"}, seen...) {
		if remedy := names.TextRemedy(text, 100); remedy != "" {
			t.Errorf("%+q: %s", text, remedy)
		}
	}
	for what, hidden := range unseen {
		if remedy := names.TextRemedy("a"+hidden+"b", 100); (remedy == "") != strings.ContainsAny(hidden, "\t\n") {
			t.Errorf("%s: remedy %q", what, remedy)
		}
	}
}

func TestAddresses(t *testing.T) {
	t.Parallel()
	for _, right := range []string{
		"https://example.com", "http://example.com:8080/a/b.png?c=d&e=%C3%BC#f", "HTTP://127.0.0.1/", "https://[2001:db8::1]/a", "https://xn--bcher-kva.example/",
		"https://a/" + strings.Repeat("b", 90),
	} {
		if remedy := names.AddressRemedy(right, 100); remedy != "" {
			t.Errorf("%s: %s", right, remedy)
		}
	}
	for wrong, want := range map[string]string{
		"": "such as", "example.com": "such as", "/a.png": "such as", "//example.com/": "such as", "ftp://example.com/": "such as", "https:///a": "such as",
		"https://:80/": "such as", "javascript:alert(1)": "such as", "https://[::1": "such as", "https://example.com/%zz": "such as", "https://a\x00": "such as",
		"https://u@example.com/": "user name", "https://u:p@example.com/": "user name", "https://a/" + strings.Repeat("b", 91): "100 characters",
		"https://example.com/ü.png": "%XX", "https://bücher.example/": "%XX", "https://example.com/a b": "%XX", "https://example.com/\u202e": "%XX",
		"https://example.com/<b>": "%XX", "https://example.com/\"": "%XX", "https://example.com/{id}": "%XX", "https://example.com/a\\b": "%XX",
	} {
		if remedy := names.AddressRemedy(wrong, 100); !strings.Contains(remedy, want) {
			t.Errorf("%q: remedy %q, want %q", wrong, remedy, want)
		}
	}
}
