package forwarded

import (
	"net/http"
	"net/netip"
	"regexp"
	"slices"
	"strings"
)

// What a scheme, a host and a port look like. Anything else counts as not given.
var (
	scheme = regexp.MustCompile(`^(?i:https?)$`)
	host   = regexp.MustCompile(`^([A-Za-z0-9._-]{1,255}|\[[0-9A-Fa-f:.]{2,45}\])(:[0-9]{1,5})?$`)
	port   = regexp.MustCompile(`^[1-9][0-9]{0,4}$`)
	// pair is one of for=192.0.2.1;proto=https. Not every proxy puts what is no token into quotes.
	pair = regexp.MustCompile(`^[ \t]*([A-Za-z0-9!#$%&'*+.^_|~-]+)=([^;"\\ \t]*|"([^"\\]|\\.)*")[ \t]*(;|$)`)
	// backslash is one in a quoted text, before a character that stands for itself.
	backslash = regexp.MustCompile(`\\(.)`)
	// nodePort is a port behind a node: that of RFC 7239, section 6.2, may be made up.
	nodePort = regexp.MustCompile(`^(:([0-9]{1,5}|_[A-Za-z0-9._-]+))?$`)
)

// parseXForwarded reads X-Forwarded-For, -Proto, -Host and -Port.
func parseXForwarded(header http.Header) (t trail) {
	for _, text := range elements(header["X-Forwarded-For"]) {
		t.nodes = append(t.nodes, parseNode(unquote(text)))
	}
	list := func(name string, form *regexp.Regexp) (all []string) {
		for _, text := range elements(header[name]) {
			all = append(all, only(form, unquote(text)))
		}
		return all
	}
	t.schemes, t.hosts, t.ports = list("X-Forwarded-Proto", scheme), list("X-Forwarded-Host", host), list("X-Forwarded-Port", port)
	return t
}

// parseForwarded reads Forwarded, RFC 7239. An element that is not well-formed says nothing.
func parseForwarded(header http.Header) (t trail) {
	for _, text := range elements(header["Forwarded"]) {
		pairs := parsePairs(text)
		t.nodes = append(t.nodes, parseNode(pairs["for"]))
		t.schemes = append(t.schemes, only(scheme, pairs["proto"]))
		t.hosts = append(t.hosts, only(host, pairs["host"]))
	}
	return t
}

// only returns a text in lower case if it has this form, else "".
func only(form *regexp.Regexp, text string) string {
	if !form.MatchString(text) {
		return ""
	}
	return strings.ToLower(text)
}

func hasPort(host string) bool {
	return strings.LastIndexByte(host, ':') > strings.LastIndexByte(host, ']')
}

// elements splits the lines of a header into the elements of its list, the last one first, without the empty ones. Commas in quotes don't
// separate. Quotes count from the right: one that a client opened and did not close must not swallow what a proxy appended.
func elements(lines []string) (all []string) {
	for _, line := range slices.Backward(lines) {
		end, quoted := len(line), false
		for i := len(line) - 1; i >= -1; i-- {
			switch {
			case i >= 0 && line[i] == '"' && !escaped(line, i):
				quoted = !quoted
			case i == -1, line[i] == ',' && !quoted:
				if element := strings.Trim(line[i+1:end], " \t"); element != "" {
					all = append(all, element)
				}
				end = max(i, 0)
			}
		}
	}
	return all
}

// escaped reports whether there is an odd number of backslashes before a character.
func escaped(line string, i int) bool {
	before := strings.TrimRight(line[:i], `\`)
	return (i-len(before))%2 == 1
}

// parsePairs reads for=192.0.2.1;proto=https into a map, with names in lower case. It returns none if anything is not well-formed.
func parsePairs(element string) map[string]string {
	pairs := map[string]string{}
	for element != "" {
		found := pair.FindStringSubmatch(element)
		if found == nil {
			return nil
		}
		name := strings.ToLower(found[1])
		if _, twice := pairs[name]; twice {
			return nil
		}
		pairs[name] = unquote(found[2])
		element = element[len(found[0]):]
	}
	return pairs
}

// unquote returns a token as it is, and what is in quotes without them.
func unquote(text string) string {
	if inside, ok := strings.CutPrefix(text, `"`); ok && strings.HasSuffix(inside, `"`) {
		return backslash.ReplaceAllString(strings.TrimSuffix(inside, `"`), "$1")
	}
	return text
}

// parseNode reads an address with or without a port, an IPv6 one with or without brackets. It returns the invalid address for anything else,
// such as "unknown", a made-up name, or a socket of UNIX.
func parseNode(text string) netip.Addr {
	if inside, ok := strings.CutPrefix(text, "["); ok {
		inside, rest, closed := strings.Cut(inside, "]")
		addr, err := netip.ParseAddr(inside)
		if err != nil || !closed || !addr.Is6() || !nodePort.MatchString(rest) {
			return netip.Addr{}
		}
		return plain(addr)
	}
	if i := strings.IndexByte(text, ':'); i >= 0 && i == strings.LastIndexByte(text, ':') { // of IPv4, or of a name
		if !nodePort.MatchString(text[i:]) {
			return netip.Addr{}
		}
		text = text[:i]
	}
	addr, err := netip.ParseAddr(text)
	if err != nil {
		return netip.Addr{}
	}
	return plain(addr)
}
