package forwarded

import (
	"fmt"
	"net/netip"
	"slices"
)

// Proxies are the networks of the proxies that are believed.
type Proxies []netip.Prefix

// ParseProxies reads addresses and CIDRs. A mapped one, such as ::ffff:10.0.0.0/104, is that of IPv4.
func ParseProxies(texts []string) (Proxies, error) {
	var proxies Proxies
	for _, text := range texts {
		prefix, err := netip.ParsePrefix(text)
		if addr, addrErr := netip.ParseAddr(text); addrErr == nil && addr.Zone() == "" {
			prefix, err = addr.Prefix(addr.BitLen())
		}
		if err != nil {
			return nil, fmt.Errorf("%q is neither an address nor a CIDR, such as 10.0.0.0/8", text)
		}
		if mapped := 128 - 32; prefix.Addr().Is4In6() && prefix.Bits() >= mapped {
			prefix = netip.PrefixFrom(prefix.Addr().Unmap(), prefix.Bits()-mapped)
		}
		proxies = append(proxies, prefix)
	}
	return proxies, nil
}

// Trust reports whether an address is one of these.
func (p Proxies) Trust(addr netip.Addr) bool {
	return slices.ContainsFunc(p, func(prefix netip.Prefix) bool { return prefix.Contains(addr) })
}
