package account_test

import (
	"strings"
	"testing"

	"streamgate/user-svc/internal/account"
)

func TestParseEmail(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]account.Email{
		"test@example.com":                        {Typed: "test@example.com", Canonical: "test@example.com"},
		"  Test@EXAMPLE.com\t":                    {Typed: "Test@EXAMPLE.com", Canonical: "test@example.com"},
		"a.b+tag@example.com":                     {Typed: "a.b+tag@example.com", Canonical: "a.b+tag@example.com"},
		"root@localhost":                          {Typed: "root@localhost", Canonical: "root@localhost"},
		"o'neil#1@example.com":                    {Typed: "o'neil#1@example.com", Canonical: "o'neil#1@example.com"},
		"ada@BÜCHER.example":                      {Typed: "ada@BÜCHER.example", Canonical: "ada@xn--bcher-kva.example"},
		"ada@bu\u0308cher.example":                {Typed: "ada@bu\u0308cher.example", Canonical: "ada@xn--bcher-kva.example"},
		"ada@xn--bcher-kva.example":               {Typed: "ada@xn--bcher-kva.example", Canonical: "ada@xn--bcher-kva.example"},
		"JOSÉ@example.com":                        {Typed: "JOSÉ@example.com", Canonical: "josé@example.com"},
		"jose\u0301@example.com":                  {Typed: "jose\u0301@example.com", Canonical: "josé@example.com"},
		"ｊｏｓé@ｅｘａｍｐｌｅ.com":                        {Typed: "ｊｏｓé@ｅｘａｍｐｌｅ.com", Canonical: "josé@example.com"},
		"\u13a0\uab71@example.com":                {Typed: "\u13a0\uab71@example.com", Canonical: "\uab70\uab71@example.com"}, // Cherokee, upper and lower case
		"straße@example.com":                      {Typed: "straße@example.com", Canonical: "strasse@example.com"},
		strings.Repeat("a", 242) + "@example.com": {Typed: strings.Repeat("a", 242) + "@example.com", Canonical: strings.Repeat("a", 242) + "@example.com"},
	} {
		if got, err := account.ParseEmail(text); err != nil || got != want {
			t.Errorf("%q is %+v, %v, want %+v", text, got, err, want)
		}
	}
}

func TestParseEmailRefuses(t *testing.T) {
	t.Parallel()
	for _, text := range []string{
		"", " ", "test", "@", "@example.com", "test@", "a@b@example.com", "te st@example.com", "test@exam ple.com",
		"Test <test@example.com>", "<test@example.com>", "test@example.com (comment)", "(c)test@example.com", `"te st"@example.com`, `"test"@example.com`,
		"test@[127.0.0.1]", "test@exa_mple.com", "test@-example.com", "test@example..com", "test@example.com.", ".test@example.com", "te..st@example.com",
		"a@example.com,b@example.com", "test@example.com\nBcc: all@example.com", "te\x00st@example.com", "test@example.com\x00x", "te\u200bst@example.com",
		"te\u00adst@example.com", "te\ufe0fst@example.com", "te\u202est@example.com", "te\u2028st@example.com", "a＠b@example.com",
		"test\xff@example.com", "test@example\xff.com",
		"test@xn--a.example", "te（st@example.com", "test@" + strings.Repeat("a", 64) + ".com", strings.Repeat("a", 243) + "@example.com",
		// Within bounds as typed, but not in ASCII, where each label is longer.
		"test@" + strings.Repeat("üä.", 28) + "com",
	} {
		if got, err := account.ParseEmail(text); err == nil {
			t.Errorf("%q is taken as %+v", text, got)
		} else if !strings.HasPrefix(err.Error(), "invalid_input: email: ") {
			t.Errorf("%q: error %q doesn't name the field", text, err)
		}
	}
}

// A canonical form is itself an address, and its own canonical form: otherwise one person could have two accounts.
func FuzzParseEmail(f *testing.F) {
	for _, seed := range []string{
		"test@example.com", "\u13a0@x.org", "ＡΣς@bücher.de", "ǰ\u0345@example.com", "ﬃ@x.org", "İ@x.org", "a\u0345\u0301@x.org", "ᾳ\u0301@x.org",
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		first, err := account.ParseEmail(text)
		if err != nil {
			return
		}
		second, err := account.ParseEmail(first.Canonical)
		if err != nil || second.Canonical != first.Canonical {
			t.Errorf("%q is canonically %q, which is %q, %v", text, first.Canonical, second.Canonical, err)
		}
	})
}
