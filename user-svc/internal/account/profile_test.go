package account_test

import (
	"strings"
	"testing"

	"streamgate/user-svc/internal/account"
)

func TestNormalPassword(t *testing.T) {
	t.Parallel()
	for given, want := range map[string]string{
		"123456":                       "123456",
		"      ":                       "      ",
		"a:b\x00\n\t":                  "a:b\x00\n\t",
		"пароль":                       "пароль",
		"12345e\u0301":                 "12345\u00e9",
		strings.Repeat("x", 128):       strings.Repeat("x", 128),
		strings.Repeat("🔑", 128):       strings.Repeat("🔑", 128),
		strings.Repeat("e\u0301", 128): strings.Repeat("\u00e9", 128),
	} {
		if got, err := account.NormalPassword(given); err != nil || got != want {
			t.Errorf("%q is %q, %v, want %q", given, got, err, want)
		}
	}
	for _, given := range []string{
		"", "12345", "parol", "паро", strings.Repeat("x", 129), strings.Repeat("🔑", 129), "123456\xff",
		"jose\u0301s", // five characters once composed
	} {
		if _, err := account.NormalPassword(given); err == nil || !strings.HasPrefix(err.Error(), "invalid_input: password: ") {
			t.Errorf("%q: error %v doesn't name the field", given, err)
		}
	}
}
