package forwarded_test

import (
	"crypto/tls"
	"net/http"
	"net/netip"
	"strings"
	"testing"

	"streamgate/libs/forwarded"
)

// believed are the proxies of the tests: this machine, a private network, an address of a load balancer, and one of a CDN.
var believed = []string{"127.0.0.1", "10.0.0.0/8", "34.120.0.9", "::1", "2001:db8:cd::/48", "198.51.100.0/24"}

// client returns the client of a request from a peer to video.example, whose headers are given as lines.
func client(t testing.TB, peer string, lines ...string) forwarded.Client {
	t.Helper()
	proxies, err := forwarded.ParseProxies(believed)
	if err != nil {
		t.Fatal(err)
	}
	r := &http.Request{RemoteAddr: peer, Host: "video.example", Header: http.Header{}}
	for _, line := range lines {
		name, value, _ := strings.Cut(line, ": ")
		if name == "Host" {
			r.Host = value
			continue
		}
		r.Header.Add(name, value)
	}
	return proxies.Client(r)
}

// What proxies send when a client sends nothing of the kind, and when it lies.
func TestProxiesOfTheWorld(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		lines []string
		want  string
	}{
		"nginx": {
			[]string{"Host: video.example", "X-Real-IP: 203.0.113.7", "X-Forwarded-For: 203.0.113.7", "X-Forwarded-Proto: https"},
			"203.0.113.7 https://video.example",
		},
		"nginx, a client that lies": {
			[]string{"X-Forwarded-For: 6.6.6.6, 203.0.113.7", "X-Forwarded-Proto: https"}, "203.0.113.7 https://video.example",
		},
		"nginx, IPv6":                {[]string{"X-Forwarded-For: 2001:db8::1"}, "2001:db8::1 http://video.example"},
		"nginx, a socket of UNIX":    {[]string{"X-Forwarded-For: 6.6.6.6, unix:"}, "127.0.0.1 http://video.example"},
		"nginx, Host without a port": {[]string{"X-Forwarded-For: 203.0.113.7", "X-Forwarded-Port: 8443", "X-Forwarded-Proto: https"}, "203.0.113.7 https://video.example:8443"},
		"ingress-nginx": {
			[]string{
				"X-Request-ID: 1", "X-Real-IP: 203.0.113.7", "X-Forwarded-For: 203.0.113.7", "X-Forwarded-Host: films.example:8443",
				"X-Forwarded-Port: 8443", "X-Forwarded-Proto: https", "X-Forwarded-Scheme: https", "X-Scheme: https",
			},
			"203.0.113.7 https://films.example:8443",
		},
		"HAProxy, forwardfor":                    {[]string{"X-Forwarded-For: 6.6.6.6", "X-Forwarded-For: 203.0.113.7"}, "203.0.113.7 http://video.example"},
		"HAProxy, forwarded":                     {[]string{"Forwarded: proto=https;for=203.0.113.7"}, "203.0.113.7 https://video.example"},
		"HAProxy, forwarded with all":            {[]string{`Forwarded: proto=https;host="films.example:8443";by="_h";for="[2001:db8::1]:51000"`}, "2001:db8::1 https://films.example:8443"},
		"HAProxy, forwarded, a client that lies": {[]string{"Forwarded: for=6.6.6.6;proto=http", "Forwarded: proto=https;for=203.0.113.7"}, "203.0.113.7 https://video.example"},
		"Traefik": {
			[]string{
				"X-Forwarded-For: 203.0.113.7", "X-Forwarded-Host: films.example:9443", "X-Forwarded-Port: 9443", "X-Forwarded-Proto: https",
				"X-Forwarded-Server: traefik-0", "X-Real-Ip: 203.0.113.7",
			},
			"203.0.113.7 https://films.example:9443",
		},
		"Envoy": {
			[]string{"X-Forwarded-For: 6.6.6.6,203.0.113.7", "X-Forwarded-Proto: https", "X-Envoy-External-Address: 203.0.113.7"},
			"203.0.113.7 https://video.example",
		},
		"AWS, ALB":                        {[]string{"X-Forwarded-For: 203.0.113.7", "X-Forwarded-Proto: https", "X-Forwarded-Port: 443"}, "203.0.113.7 https://video.example"},
		"AWS, ALB that keeps ports":       {[]string{"X-Forwarded-For: 6.6.6.6, 203.0.113.7:4711", "X-Forwarded-Proto: https", "X-Forwarded-Port: 443"}, "203.0.113.7 https://video.example"},
		"AWS, ALB that keeps ports, IPv6": {[]string{"X-Forwarded-For: [2001:db8::1]:51000"}, "2001:db8::1 http://video.example"},
		"AWS, CloudFront before an ALB":   {[]string{"X-Forwarded-For: 203.0.113.7, 198.51.100.9", "X-Forwarded-Proto: https"}, "203.0.113.7 https://video.example"},
		"Azure, Application Gateway": {
			[]string{"X-Forwarded-For: 203.0.113.7:4711", "X-Forwarded-Proto: https", "X-Forwarded-Port: 443", "X-Original-Host: films.example"},
			"203.0.113.7 https://video.example",
		},
		"Azure, Front Door before a gateway": {
			[]string{"X-Forwarded-For: 203.0.113.7, 198.51.100.7:40000", "X-Azure-ClientIP: 203.0.113.7", "X-Forwarded-Host: films.example", "X-Forwarded-Proto: https"},
			"203.0.113.7 https://films.example",
		},
		"GCP":                          {[]string{"X-Forwarded-For: 6.6.6.6,203.0.113.7,34.120.0.9", "X-Forwarded-Proto: https"}, "203.0.113.7 https://video.example"},
		"GCP, IPv6":                    {[]string{"X-Forwarded-For: 2001:db8::1,34.120.0.9"}, "2001:db8::1 http://video.example"},
		"Cloudflare":                   {[]string{"CF-Connecting-IP: 203.0.113.7", "X-Forwarded-For: 203.0.113.7", "X-Forwarded-Proto: https", `CF-Visitor: {"scheme":"https"}`}, "203.0.113.7 https://video.example"},
		"Cloudflare before nginx":      {[]string{"X-Forwarded-For: 203.0.113.7, 2001:db8:cd::5", "X-Forwarded-Proto: https"}, "203.0.113.7 https://video.example"},
		"two that append all they say": {[]string{"X-Forwarded-For: 203.0.113.7, 10.1.1.1", "X-Forwarded-Proto: https, http", "X-Forwarded-Host: films.example, inner.example", "X-Forwarded-Port: 8443, 8080"}, "203.0.113.7 https://films.example:8443"},
		"a client before two":          {[]string{"X-Forwarded-For: 6.6.6.6, 203.0.113.7, 10.1.1.1", "X-Forwarded-Proto: http, https, http"}, "203.0.113.7 https://video.example"},
		"several of RFC 7239":          {[]string{`Forwarded: for=6.6.6.6, for="[2001:db8::1]:4711";proto=https;host=films.example, for=10.1.1.1;proto=http;host=inner.example`}, "2001:db8::1 https://films.example"},
		"both kinds that agree":        {[]string{"X-Forwarded-For: 203.0.113.7", "X-Forwarded-Proto: https", "Forwarded: for=203.0.113.7;proto=https"}, "203.0.113.7 https://video.example"},
	} {
		if got := say(client(t, "127.0.0.1:40000", test.lines...)); got != test.want {
			t.Errorf("%s: %s, want %s", name, got, test.want)
		}
	}
}

func say(c forwarded.Client) string { return c.Addr.String() + " " + c.Scheme + "://" + c.Host }

func TestFormsOfAddresses(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"203.0.113.7":                     "203.0.113.7",
		" 203.0.113.7\t":                  "203.0.113.7",
		"203.0.113.7:4711":                "203.0.113.7",
		"2001:db8::1":                     "2001:db8::1",
		"2001:DB8:0:0::1":                 "2001:db8::1",
		"[2001:db8::1]":                   "2001:db8::1",
		"[2001:db8::1]:51000":             "2001:db8::1",
		`"[2001:db8::1]:51000"`:           "2001:db8::1",
		"fe80::1%eth0":                    "fe80::1",
		"[fe80::1%25eth0]:1":              "fe80::1",
		"::ffff:203.0.113.7":              "203.0.113.7",
		"[::ffff:203.0.113.7]:4711":       "203.0.113.7",
		"::ffff:cb00:7107":                "203.0.113.7",
		"203.0.113.7,":                    "203.0.113.7",
		", ,203.0.113.7 , ,10.1.1.1, ":    "203.0.113.7",
		"203.0.113.7,::ffff:10.1.1.1":     "203.0.113.7",
		"6.6.6.6,unknown":                 "127.0.0.1",
		"6.6.6.6,_hidden":                 "127.0.0.1",
		"6.6.6.6,unix:":                   "127.0.0.1",
		"6.6.6.6,localhost":               "127.0.0.1",
		"6.6.6.6,localhost:80":            "127.0.0.1",
		"6.6.6.6,x,10.1.1.1":              "10.1.1.1",
		"6.6.6.6,203.0.113":               "127.0.0.1",
		"6.6.6.6,203.0.113.07":            "127.0.0.1",
		"6.6.6.6,203.0.113.7:":            "127.0.0.1",
		"6.6.6.6,203.0.113.7:http":        "127.0.0.1",
		"6.6.6.6,203.0.113.7:471100":      "127.0.0.1",
		"6.6.6.6,[203.0.113.7]:1":         "127.0.0.1",
		"6.6.6.6,[2001:db8::1":            "127.0.0.1",
		"6.6.6.6,2001:db8::1]":            "127.0.0.1",
		"6.6.6.6,[2001:db8::1]1":          "127.0.0.1",
		"6.6.6.6,203.0.113.7 203.0.1.1":   "127.0.0.1",
		"6.6.6.6;203.0.113.7":             "127.0.0.1",
		`"6.6.6.6,203.0.113.7`:            "203.0.113.7",
		`"6.6.6.6\,203.0.113.7`:           "203.0.113.7",
		`[6.6.6.6,203.0.113.7`:            "203.0.113.7",
		"":                                "127.0.0.1",
		",":                               "127.0.0.1",
		"10.1.1.1,10.1.1.2":               "10.1.1.1",
		"6.6.6.6,0x7f.1":                  "127.0.0.1",
		"6.6.6.6,2130706433":              "127.0.0.1",
		"6.6.6.6,\u0661.2.3.4":            "127.0.0.1",
		"6.6.6.6,203.0.113.7\x00":         "127.0.0.1",
		"203.0.113.7, 10.1.1.1:80, [::1]": "203.0.113.7",
	} {
		if got := client(t, "127.0.0.1:1", "X-Forwarded-For: "+text).Addr.String(); got != want {
			t.Errorf("X-Forwarded-For: %q is %s, want %s", text, got, want)
		}
	}
	for text, want := range map[string]string{
		"for=203.0.113.7":                                     "203.0.113.7",
		"For=203.0.113.7":                                     "203.0.113.7",
		"for=203.0.113.7:4711;by=10.0.0.1":                    "203.0.113.7",
		`for="203.0.113.7:4711" ; proto=https ;`:              "203.0.113.7",
		`for="[2001:db8::1]:_port"`:                           "2001:db8::1",
		"for=[2001:db8::1]":                                   "2001:db8::1",
		`for="\2\0\3.0.113.7"`:                                "203.0.113.7",
		`host="a,for=6.6.6.6";for=203.0.113.7`:                "203.0.113.7",
		`for=203.0.113.7;host="a,for=6.6.6.6"`:                "203.0.113.7",
		`for=203.0.113.7;host="a\",for=6.6.6.6"`:              "203.0.113.7",
		`for=203.0.113.7;host="a\",for=6.6.6.6;x=\"b"`:        "203.0.113.7",
		`for="6.6.6.6, for=203.0.113.7`:                       "203.0.113.7",
		`for="6.6.6.6\, for=203.0.113.7`:                      "203.0.113.7",
		`for=6.6.6.6;x=", for="[2001:db8::1]:1"`:              "2001:db8::1",
		"for=6.6.6.6, for=unknown":                            "127.0.0.1",
		"for=6.6.6.6, for=_secret":                            "127.0.0.1",
		"for=6.6.6.6, proto=https":                            "127.0.0.1",
		"for=6.6.6.6, for=203.0.113.7;for=203.0.113.8":        "127.0.0.1",
		"for=6.6.6.6, for=203.0.113.7;=x":                     "127.0.0.1",
		`for=6.6.6.6, for=203.0.113.7"`:                       "127.0.0.1",
		"for=6.6.6.6, 203.0.113.7":                            "127.0.0.1",
		"for=6.6.6.6, for=203.0.113.7 proto=https":            "127.0.0.1",
		"for=6.6.6.6, for=203.0.113.7, for=10.1.1.1":          "203.0.113.7",
		`for="::ffff:203.0.113.7", for="[::ffff:10.1.1.1]:1"`: "203.0.113.7",
	} {
		if got := client(t, "127.0.0.1:1", "Forwarded: "+text).Addr.String(); got != want {
			t.Errorf("Forwarded: %q is %s, want %s", text, got, want)
		}
	}
}

func TestOnlyProxiesAreBelieved(t *testing.T) {
	t.Parallel()
	all := []string{
		"X-Forwarded-For: 6.6.6.6", "Forwarded: for=6.6.6.6;proto=https;host=evil.example", "X-Forwarded-Proto: https", "X-Forwarded-Host: evil.example",
		"X-Forwarded-Port: 666", "X-Real-IP: 6.6.6.6", "True-Client-IP: 6.6.6.6", "CF-Connecting-IP: 6.6.6.6", "X-Client-IP: 6.6.6.6",
	}
	for peer, want := range map[string]string{
		"203.0.113.7:1":          "203.0.113.7 http://video.example",
		"[2001:db8::1]:1":        "2001:db8::1 http://video.example",
		"[::ffff:203.0.113.7]:1": "203.0.113.7 http://video.example",
		"[::ffff:127.0.0.1]:1":   "6.6.6.6 https://evil.example:666",
		"[::1]:1":                "6.6.6.6 https://evil.example:666",
	} {
		if got := say(client(t, peer, all...)); got != want {
			t.Errorf("from %s: %s, want %s", peer, got, want)
		}
	}
	for _, header := range []string{"X-Real-IP", "True-Client-IP", "CF-Connecting-IP", "X-Client-IP", "X-Forwarded", "Client-IP"} {
		if got := client(t, "127.0.0.1:1", header+": 6.6.6.6").Addr.String(); got != "127.0.0.1" {
			t.Errorf("%s is believed: %s", header, got)
		}
	}
	// A proxy that knows one kind of headers passes the other on as the client wrote it, and which it knows can't be seen.
	for _, lines := range [][]string{
		{"X-Forwarded-For: 6.6.6.6", "Forwarded: for=203.0.113.7"},
		{"X-Forwarded-For: 203.0.113.7", "Forwarded: for=6.6.6.6"},
		{"X-Forwarded-For: 203.0.113.7", "Forwarded: nonsense"},
		{"X-Forwarded-For: nonsense", "Forwarded: for=203.0.113.7"},
	} {
		if got := client(t, "127.0.0.1:1", lines...).Addr.String(); got != "127.0.0.1" {
			t.Errorf("%q: %s", lines, got)
		}
	}
}

func TestSchemesAndHosts(t *testing.T) {
	t.Parallel()
	for _, test := range []struct{ lines, want string }{
		{"X-Forwarded-Proto: HTTPS", "https://video.example"},
		{"X-Forwarded-Proto: http", "http://video.example"},
		{"X-Forwarded-Proto: javascript", "http://video.example"},
		{"X-Forwarded-Proto: https://x", "http://video.example"},
		{"X-Forwarded-Proto: wss", "http://video.example"},
		{"X-Forwarded-Host: FILMS.example", "http://films.example"},
		{"X-Forwarded-Host: [2001:db8::1]:8080", "http://[2001:db8::1]:8080"},
		{"X-Forwarded-Host: films.example/path", "http://video.example"},
		{"X-Forwarded-Host: user@films.example", "http://video.example"},
		{"X-Forwarded-Host: films example", "http://video.example"},
		{"X-Forwarded-Host: films.example:http", "http://video.example"},
		{`X-Forwarded-Host: films.example"><script>`, "http://video.example"},
		{"X-Forwarded-Host: " + strings.Repeat("a", 300), "http://video.example"},
		{"X-Forwarded-Port: 8080", "http://video.example:8080"},
		{"X-Forwarded-Port: 80", "http://video.example"},
		{"X-Forwarded-Port: 443", "http://video.example"},
		{"X-Forwarded-Port: 0", "http://video.example"},
		{"X-Forwarded-Port: 80800000", "http://video.example"},
		{"X-Forwarded-Port: 8080@evil.example", "http://video.example"},
		{"X-Forwarded-Proto: https|X-Forwarded-Port: 80", "https://video.example"},
		{"X-Forwarded-Host: films.example:8443|X-Forwarded-Port: 9443", "http://films.example:8443"},
		{"X-Forwarded-Host: [2001:db8::1]|X-Forwarded-Port: 9443", "http://[2001:db8::1]:9443"},
		{"Host: video.example:9000|X-Forwarded-Port: 8080", "http://video.example:9000"},
		{"X-Forwarded-For: 203.0.113.7|X-Forwarded-Proto: http, https", "https://video.example"},
		{"X-Forwarded-For: 203.0.113.7|X-Forwarded-Proto: http|X-Forwarded-Proto: https", "https://video.example"},
		{"X-Forwarded-For: 203.0.113.7, 10.1.1.1|X-Forwarded-Proto: https", "https://video.example"},
		{"Forwarded: for=203.0.113.7;proto=HTTPS;host=Films.example", "https://films.example"},
		{`Forwarded: for=203.0.113.7;host="films.example:8443"`, "http://films.example:8443"},
		{"Forwarded: for=203.0.113.7;proto=ftp;host=a/b", "http://video.example"},
	} {
		c := client(t, "127.0.0.1:1", strings.Split(test.lines, "|")...)
		if got := c.Scheme + "://" + c.Host; got != test.want {
			t.Errorf("%s: %s, want %s", test.lines, got, test.want)
		}
	}
	secure := (forwarded.Proxies{}).Client(&http.Request{RemoteAddr: "203.0.113.7:1", Host: "video.example", TLS: &tls.ConnectionState{}})
	if got := say(secure); got != "203.0.113.7 https://video.example" {
		t.Errorf("over TLS: %s", got)
	}
}

func TestParseProxies(t *testing.T) {
	t.Parallel()
	for _, wrong := range []string{"10.0.0.0/33", "proxy.local", "", "10.0.0.1:80", "10.0.0", "10.0.0.0/8/8", "fe80::1%eth0/64"} {
		if _, err := forwarded.ParseProxies([]string{"10.0.0.1", wrong}); err == nil || !strings.Contains(err.Error(), `"`+wrong+`"`) {
			t.Errorf("%q: error %v", wrong, err)
		}
	}
	mapped, err := forwarded.ParseProxies([]string{"::ffff:10.0.0.0/104", "::ffff:192.0.2.1"})
	if err != nil {
		t.Fatal(err)
	}
	for _, peer := range []string{"10.1.1.1:1", "[::ffff:10.1.1.1]:1", "192.0.2.1:1"} {
		r := &http.Request{RemoteAddr: peer, Header: http.Header{"X-Forwarded-For": {"203.0.113.7"}}}
		if got := mapped.Client(r).Addr; got != netip.MustParseAddr("203.0.113.7") {
			t.Errorf("from %s: %s", peer, got)
		}
	}
}

// Whatever a client sends, it is found by what the proxy appends.
func FuzzClient(f *testing.F) {
	for _, seed := range []string{
		"6.6.6.6", `"6.6.6.6`, `"6.6.6.6\`, "[::1", "for=6.6.6.6", `for="6.6.6.6`, `for="6.6.6.6\`, `for="a,b";host="c\",for=6.6.6.6`, ",", "\x00", `host="x";x="`,
		`for=6.6.6.6;x=\"`, "unknown", "10.1.1.1", "127.0.0.1, 10.0.0.1",
	} {
		f.Add(seed, true)
		f.Add(seed, false)
	}
	f.Fuzz(func(t *testing.T, lie string, lines bool) {
		for _, proxy := range []struct{ header, appended, client string }{
			{"X-Forwarded-For", "203.0.113.7:4711", "203.0.113.7"},
			{"X-Forwarded-For", "[2001:db8::1]:51000", "2001:db8::1"},
			{"Forwarded", `for="[2001:db8::1]:51000";host="a\"b,c";proto=https`, "2001:db8::1"},
			{"Forwarded", "proto=https;for=203.0.113.7", "203.0.113.7"},
		} {
			headers := []string{proxy.header + ": " + lie + ", " + proxy.appended}
			if lines {
				headers = []string{proxy.header + ": " + lie, proxy.header + ": " + proxy.appended}
			}
			if got := client(t, "127.0.0.1:1", headers...).Addr.String(); got != proxy.client {
				t.Errorf("%q is %s", headers, got)
			}
		}
		for _, name := range []string{"X-Forwarded-Proto", "X-Forwarded-Host", "X-Forwarded-Port", "Forwarded"} {
			c := client(t, "127.0.0.1:1", name+": "+lie)
			if c.Scheme != "http" && c.Scheme != "https" || strings.ContainsAny(c.Host, "/@?#\\\"<> \t\r\n\x00") {
				t.Errorf("%s: %q is %+v", name, lie, c)
			}
		}
	})
}
