package report

import (
	"slices"
	"strings"
	"unicode"
)

// Device is the kind of a device.
type Device string

// The kinds of devices.
const (
	Phone    Device = "phone"
	Tablet   Device = "tablet"
	Computer Device = "computer"
	TV       Device = "tv"
	Other    Device = "other"
)

// deviceWords are what words begin with in the names of devices, of their systems, and of apps that are made for one kind alone.
var deviceWords = []struct {
	kind   Device
	begins []string
}{
	{TV, []string{
		"tv", "television", "fernseher", "tizen", "webos", "roku", "chromecast", "crkey", "bravia", "aft", "shield", "playstation", "xbox", "hbbtv",
		"beamer", "projector",
	}},
	{Tablet, []string{"ipad", "tablet", "kindle"}},
	{Phone, []string{"iphone", "android", "phone", "smartphone", "mobile", "handy", "pixel", "galaxy", "ipod"}},
	{Computer, []string{
		"windows", "mac", "imac", "linux", "chromeos", "chromebook", "computer", "laptop", "notebook", "desktop", "pc", "thinkpad", "ubuntu",
	}},
}

// DeviceOf tells the kind of a device from its name, which is the one that its owner gave it, or what its user agent says of browser and system. A
// tablet with Android looks like a phone.
func DeviceOf(name string) Device {
	words := strings.FieldsFunc(strings.ToLower(name), func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsDigit(r) })
	for _, each := range deviceWords {
		for _, word := range words {
			begins := slices.ContainsFunc(each.begins, func(with string) bool { return strings.HasPrefix(word, with) })
			if begins || each.kind == TV && strings.HasSuffix(word, "tv") {
				return each.kind
			}
		}
	}
	return Other
}
