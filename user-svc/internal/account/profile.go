package account

import (
	"crypto/md5" //nolint:gosec // Gravatar's interface, not a protection
	"encoding/hex"
	"strings"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"

	"streamgate/libs/fault"
	"streamgate/libs/names"
)

// Bounds of a person's input.
const (
	MaxName          = 100  // characters
	MaxPicture       = 2048 // bytes
	MinPassword      = 6    // characters
	MaxPassword      = 128  // characters
	maxPasswordBytes = 512
)

// parseName checks a name. Without one, it returns the part of the address before the @.
func parseName(given *string, email Email) (string, error) {
	if given == nil {
		name := []rune(email.beforeAt())
		return string(name[:min(len(name), MaxName)]), nil
	}
	name := strings.TrimSpace(*given)
	if remedy := names.Remedy(name, MaxName); remedy != "" {
		return "", fault.BadField("name", "%s", remedy)
	}
	return name, nil
}

// parsePicture checks the address of a picture. Without one, it returns Gravatar's pattern for the e-mail address.
func parsePicture(given *string, email Email) (string, error) {
	if given == nil {
		sum := md5.Sum([]byte(email.Canonical)) //nolint:gosec // Gravatar's interface, not a protection
		return "https://gravatar.com/avatar/" + hex.EncodeToString(sum[:]) + "?d=identicon", nil
	}
	picture := strings.TrimSpace(*given)
	if remedy := names.AddressRemedy(picture, MaxPicture); remedy != "" {
		return "", fault.BadField("picture", "%s", remedy)
	}
	return picture, nil
}

// newPassword returns the normal form of a password that an account with this address may have from now on.
func (a *Accounts) newPassword(given string, email Email) (string, error) {
	normal, err := NormalPassword(given)
	if err != nil || a.common == nil {
		return normal, err
	}
	if folded, err := ParseEmail(normal); err == nil && folded.Canonical == email.Canonical || strings.EqualFold(normal, email.beforeAt()) {
		return "", fault.BadField("password", "must not be the account's own e-mail address, or the part of it before the @; choose another")
	}
	if a.common(normal) {
		return "", fault.BadField("password", "is one of the commonest, which are tried first; choose another")
	}
	return normal, nil
}

// NormalPassword checks that a new password has MinPassword to MaxPassword characters of any kind, and returns its
// normal form: NFC, as in RFC 8265's OpaqueString, since keyboards differ in how they compose the same character. Its
// error names the field password.
func NormalPassword(given string) (string, error) {
	bad := fault.BadField("password", "must be %d to %d characters of UTF-8", MinPassword, MaxPassword)
	if given == "" {
		return "", fault.BadField("password", "missing; give %d to %d characters", MinPassword, MaxPassword)
	}
	if len(given) > maxPasswordBytes || !utf8.ValidString(given) {
		return "", bad
	}
	normal := norm.NFC.String(given)
	if count := utf8.RuneCountInString(normal); count < MinPassword || count > MaxPassword {
		return "", bad
	}
	return normal, nil
}
