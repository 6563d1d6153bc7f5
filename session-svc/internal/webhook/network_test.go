package webhook_test

import (
	"net/netip"
	"testing"

	"streamgate/session-svc/internal/webhook"
)

func TestPublicAddresses(t *testing.T) {
	t.Parallel()
	for address, public := range map[string]bool{
		"1.1.1.1": true, "93.184.215.14": true, "2606:4700:4700::1111": true, "172.15.0.1": true, "172.32.0.1": true, "100.63.0.1": true,
		"127.0.0.1": false, "127.8.8.8": false, "0.0.0.0": false, "10.1.2.3": false, "172.16.0.1": false, "172.31.255.255": false, "192.168.0.1": false,
		"169.254.169.254": false, "100.64.0.1": false, "100.127.255.255": false, "192.0.0.192": false, "198.18.0.1": false, "224.0.0.1": false,
		"255.255.255.255": false, "240.0.0.1": false, "::1": false, "::": false, "fe80::1": false, "fd00::1": false, "fec0::1": false, "ff02::1": false,
		"::ffff:10.0.0.1": false, "::ffff:127.0.0.1": false, "::ffff:1.1.1.1": true, "::10.0.0.1": false, "64:ff9b::a00:1": false, "2002:a00:1::": false,
		"2001:0:a00:1::": false, "fe80::1%eth0": false,
	} {
		if got := webhook.Public(netip.MustParseAddr(address)); got != public {
			t.Errorf("%s: public is %t", address, got)
		}
	}
}
