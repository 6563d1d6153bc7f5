package account

import (
	"net/mail"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/net/idna"
	"golang.org/x/text/cases"
	"golang.org/x/text/unicode/norm"

	"streamgate/libs/fault"
)

// MaxEmail is the largest length in bytes of an address that mail can be sent to (RFC 5321, erratum 1690).
const MaxEmail = 254

// Email is an address in two forms.
type Email struct {
	Typed     string // as typed, without surrounding space
	Canonical string // the same for all spellings of one address
}

// domains maps a domain to its lower-case ASCII form, as a resolver would (UTS 46, non-transitional), within DNS's
// lengths.
var domains = idna.New(idna.MapForLookup(), idna.BidiRule(), idna.Transitional(false), idna.VerifyDNSLength(true))

// ParseEmail parses an addr-spec (RFC 5322, RFC 6532), at most MaxEmail bytes, without a display name, comments or
// quotes. Its canonical form has the part before the @ in NFKC with case folded, and the domain in ASCII lower case.
// Tags (+) and dots stay, since only the mail provider knows whether they matter. The error names the field email.
func ParseEmail(text string) (Email, error) {
	typed := strings.TrimSpace(text)
	if typed == "" {
		return Email{}, fault.BadField("email", "missing; give an e-mail address")
	}
	bad := fault.BadField("email", "must be an e-mail address such as name@example.com, of at most %d bytes", MaxEmail)
	if !isAddress(typed) {
		return Email{}, bad
	}
	at := strings.LastIndexByte(typed, '@')
	local := norm.NFKC.String(cases.Fold().String(strings.Map(upperCherokee, norm.NFKC.String(typed[:at]))))
	domain, err := domains.ToASCII(typed[at+1:])
	if err != nil {
		return Email{}, bad.Because(err)
	}
	// Checked again, since NFKC turns some other characters into an @ or a dot.
	canonical := local + "@" + domain
	if strings.Count(canonical, "@") != 1 || !isAddress(canonical) {
		return Email{}, bad
	}
	return Email{typed, canonical}, nil
}

// upperCherokee works around cases.Fold of x/text v0.42, which swaps the cases of Cherokee instead of folding them.
func upperCherokee(r rune) rune {
	if unicode.Is(unicode.Cherokee, r) {
		return unicode.ToUpper(r)
	}
	return r
}

// isAddress reports whether text is an addr-spec and nothing else, of characters that a person can see.
func isAddress(text string) bool {
	if len(text) > MaxEmail || !utf8.ValidString(text) || strings.ContainsFunc(text, invisible) {
		return false
	}
	parsed, err := mail.ParseAddress(text)
	return err == nil && parsed.Name == "" && parsed.Address == text
}

// invisible reports whether a person can't see the character: it would make two addresses look the same.
func invisible(r rune) bool {
	return !unicode.IsGraphic(r) || unicode.IsSpace(r) || unicode.In(r, unicode.Variation_Selector, unicode.Other_Default_Ignorable_Code_Point)
}

// beforeAt returns the part of a typed address before the @.
func (e Email) beforeAt() string { return e.Typed[:max(0, strings.LastIndexByte(e.Typed, '@'))] }

// deliverable returns the address for mail: as typed before the @, where case may matter, and the domain in ASCII.
func deliverable(a *Account) string {
	return a.Email[:strings.LastIndexByte(a.Email, '@')] + a.CanonicalEmail[strings.LastIndexByte(a.CanonicalEmail, '@'):]
}
