package httpapi

import (
	"strings"

	"streamgate/session-svc/internal/session"
)

// deviceName makes a name to show of a User-Agent: its first product, such as "curl" or "VLC", and of the browsers, which all call
// themselves Mozilla, the name that tells them apart. It is a default for people to read, no more.
func deviceName(userAgent string) string {
	if strings.HasPrefix(userAgent, "Mozilla/") {
		// In this order: the later ones stand in the texts of the earlier too.
		for _, browser := range []struct{ mark, name string }{
			{"Edg", "Edge"}, {"OPR/", "Opera"}, {"Firefox/", "Firefox"}, {"Chrome/", "Chrome"}, {"Safari/", "Safari"},
		} {
			if strings.Contains(userAgent, browser.mark) {
				return browser.name
			}
		}
		return "Browser"
	}
	product, _, _ := strings.Cut(userAgent, "/")
	if product, _, _ = strings.Cut(product, " "); product == "" {
		product = "unnamed device"
	}
	return session.CleanName(product)
}
