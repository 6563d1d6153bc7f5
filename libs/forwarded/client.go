package forwarded

import (
	"net/http"
	"net/netip"
)

// Client is what is known of the client of a request.
type Client struct {
	Addr   netip.Addr // without a zone; a mapped one, ::ffff:a.b.c.d, is a.b.c.d
	Scheme string     // http or https
	Host   string     // to which the client sent the request, with its port unless that is 80 or 443
}

// Client returns the client of a request. Headers count only where the request comes from a proxy that is believed. What proxies append stands
// at the right, and what a client made up at the left, so they are read from the right, up to the first address that is no proxy of ours, or
// that can't be read. Forwarded (RFC 7239) is for proxies that send no X-Forwarded-For: proxies know one of the two and pass the other on as the
// client wrote it, so where both are given and name different clients, neither is believed.
func (p Proxies) Client(r *http.Request) Client {
	client := Client{Scheme: "http", Host: r.Host}
	if r.TLS != nil {
		client.Scheme = "https"
	}
	peer, err := netip.ParseAddrPort(r.RemoteAddr)
	if err != nil {
		return client // of a test, without a connection
	}
	client.Addr = plain(peer.Addr())
	if !p.Trust(client.Addr) {
		return client
	}
	standard, usual := parseForwarded(r.Header), parseXForwarded(r.Header)
	switch {
	case len(standard.nodes) == 0:
		p.follow(&client, usual)
	case len(usual.nodes) == 0:
		p.follow(&client, standard)
	default:
		other := client
		p.follow(&other, standard)
		addr := client.Addr
		if p.follow(&client, usual); client.Addr != other.Addr {
			client.Addr = addr
		}
	}
	return client
}

// trail is what one kind of headers says, each list from the nearest proxy to the farthest.
type trail struct {
	nodes        []netip.Addr // the invalid one where it can't be read
	schemes      []string     // "" where it is not given, or none
	hosts, ports []string     // the same
}

// follow goes back to the client.
func (p Proxies) follow(client *Client, t trail) {
	hop := 0
	for i, node := range t.nodes {
		if !node.IsValid() {
			break
		}
		hop, client.Addr = i, node
		if !p.Trust(node) {
			break
		}
	}
	if scheme := t.at(t.schemes, hop); scheme != "" {
		client.Scheme = scheme
	}
	if host := t.at(t.hosts, hop); host != "" {
		client.Host = host
	}
	if port := t.at(t.ports, hop); port != "" && port != "80" && port != "443" && !hasPort(client.Host) {
		client.Host += ":" + port
	}
}

// at returns what the proxy that saw the client says, or the farthest one that says anything: many write one value where they write several
// addresses.
func (trail) at(list []string, hop int) string {
	if len(list) == 0 {
		return ""
	}
	return list[min(hop, len(list)-1)]
}

func plain(addr netip.Addr) netip.Addr { return addr.Unmap().WithZone("") }
