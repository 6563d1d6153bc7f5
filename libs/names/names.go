package names

import (
	"fmt"
	"net/url"
	"regexp"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Remedy returns how to correct a name of one line, or "" if it is right: 1 to most characters, which are Unicode's code points, as OpenAPI's
// maxLength counts them. At least one is no space, and none is hidden: two names that look the same should be the same, and none may change the
// direction of the text around it.
func Remedy(name string, most int) string {
	if !fits(name, most) || hidden(name, "") || strings.TrimFunc(name, unicode.IsSpace) == "" {
		return fmt.Sprintf("must be 1 to %d characters that can be seen, without control characters, other hidden ones and marks of direction", most)
	}
	return ""
}

// TextRemedy does the same for a text, which may be empty and have line breaks and tabs.
func TextRemedy(text string, most int) string {
	if !fits(text, most) || hidden(text, "\n\r\t") {
		return fmt.Sprintf("must be at most %d characters, without control characters other than line breaks and tabs, other hidden ones and "+
			"marks of direction", most)
	}
	return ""
}

// Shown returns a name without what Remedy refuses, cut to most characters.
func Shown(name string, most int) string {
	characters := []rune(strings.ToValidUTF8(name, ""))
	shown := make([]rune, 0, len(characters))
	for i := range characters {
		if !isHidden(characters, i) {
			shown = append(shown, characters[i])
		}
	}
	return strings.TrimSpace(string(shown[:min(len(shown), most)]))
}

func fits(text string, most int) bool {
	return utf8.ValidString(text) && utf8.RuneCountInString(text) <= most
}

func hidden(text, except string) bool {
	characters := []rune(text)
	for i, r := range characters {
		if isHidden(characters, i) && !strings.ContainsRune(except, r) {
			return true
		}
	}
	return false
}

const (
	nonJoiner, joiner = '\u200c', '\u200d'
	textStyle         = '\ufe0e' // variation selectors: the character before them as text, as a picture
	pictureStyle      = '\ufe0f'
	brailleBlank      = '\u2800' // looks like a space, and is none
	lastOfPlane       = 0xfffe   // with or without its lowest bit: no character in any plane
)

// joining are the scripts whose writers need the joiners of Unicode: Persian, and most of India's neighbourhood.
var joining = []*unicode.RangeTable{
	unicode.Arabic, unicode.Syriac, unicode.Mongolian, unicode.Devanagari, unicode.Bengali, unicode.Gurmukhi, unicode.Gujarati, unicode.Oriya,
	unicode.Tamil, unicode.Telugu, unicode.Kannada, unicode.Malayalam, unicode.Sinhala, unicode.Khmer, unicode.Myanmar, unicode.Tibetan,
}

// isHidden reports whether a person can't see the i-th character. Joiners and variation selectors count as seen where they change how their
// neighbours look.
func isHidden(text []rune, i int) bool {
	at := func(i int) rune {
		if i < 0 || i >= len(text) {
			return 0
		}
		return text[i]
	}
	switch r := text[i]; {
	case r == joiner && isPicture(at(i-1)) && isPicture(at(i+1)):
		return false
	case r == joiner, r == nonJoiner:
		return !unicode.In(at(i-1), joining...) || !unicode.In(at(i+1), joining...)
	case r == textStyle, r == pictureStyle:
		before := at(i - 1)
		return !unicode.IsSymbol(before) && !unicode.IsDigit(before) && before != '#' && before != '*' && !unicode.In(before, unicode.Po, unicode.Pd)
	case r == brailleBlank, r&lastOfPlane == lastOfPlane, unicode.Is(unicode.Noncharacter_Code_Point, r):
		return true
	default:
		return unicode.In(r, unicode.Cc, unicode.Cf, unicode.Co, unicode.Zl, unicode.Zp, unicode.Other_Default_Ignorable_Code_Point, unicode.Variation_Selector)
	}
}

// isPicture reports whether a character can be a part of a joined emoji.
func isPicture(r rune) bool { return unicode.In(r, unicode.So, unicode.Sk) || r == pictureStyle }

// uriCharacters are those of RFC 3986. Any other one is written as %XX.
var uriCharacters = regexp.MustCompile(`^[A-Za-z0-9\-._~:/?#\[\]@!$&'()*+,;=%]+$`)

// AddressRemedy returns how to correct an address of the web, or "" if it is right: a URI with http or https and a host, of at most most
// characters, without a user name or a password, which would be shown to everybody.
func AddressRemedy(address string, most int) string {
	u, err := url.Parse(address)
	switch {
	case len(address) > most:
		return fmt.Sprintf("must be at most %d characters long", most)
	case err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Hostname() == "":
		return "must be an address such as https://host/path"
	case u.User != nil:
		return "must not have a user name or a password: everybody would see them"
	case !uriCharacters.MatchString(address):
		return "has characters that an address doesn't; write them as %XX, and a host in ASCII"
	}
	return ""
}
