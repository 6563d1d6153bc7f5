package useragent

import "strings"

// maxProduct is the longest name that is taken from an agent, in bytes.
const maxProduct = 64

// mark is a text in a user agent, with the name that it stands for.
type mark struct{ text, name string }

// Browsers also name the ones that they want to be taken for, so a browser comes before those that it names.
var browsers = []mark{
	{"Edg/", "Edge"},
	{"EdgA/", "Edge"},
	{"EdgiOS/", "Edge"},
	{"OPR/", "Opera"},
	{"SamsungBrowser/", "Samsung Internet"},
	{"Firefox/", "Firefox"},
	{"FxiOS/", "Firefox"},
	{"CriOS/", "Chrome"},
	{"Chrome/", "Chrome"},
	{"Safari/", "Safari"},
}

// Phones and televisions name the system that theirs is based on.
var systems = []mark{
	{"Android", "Android"},
	{"iPhone", "iPhone"},
	{"iPad", "iPad"},
	{"Tizen", "Tizen"},
	{"Web0S", "webOS"},
	{"CrOS", "ChromeOS"},
	{"Windows", "Windows"},
	{"Mac OS X", "macOS"},
	{"Linux", "Linux"},
}

// Device names a device by its user agent, such as "Firefox on Linux": enough for a person to tell their devices apart.
// An unknown agent is named by its first product, such as "curl", in at most 64 bytes of ASCII.
func Device(userAgent string) string {
	browser, system := find(browsers, userAgent), find(systems, userAgent)
	switch {
	case browser != "" && system != "":
		return browser + " on " + system
	case browser != "":
		return browser
	}
	product := strings.TrimSpace(userAgent)
	if end := strings.IndexAny(product, "/ ;("); end >= 0 {
		product = product[:end]
	}
	product = strings.Map(func(r rune) rune {
		if r < ' ' || r > '~' { // a header may hold anything
			return -1
		}
		return r
	}, product)
	if product == "" {
		return "Unknown device"
	}
	return product[:min(len(product), maxProduct)]
}

func find(marks []mark, userAgent string) string {
	for _, m := range marks {
		if strings.Contains(userAgent, m.text) {
			return m.name
		}
	}
	return ""
}
