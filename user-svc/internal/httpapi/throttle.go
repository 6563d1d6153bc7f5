package httpapi

import (
	"net/netip"
	"time"

	lru "github.com/hashicorp/golang-lru/v2"
	"golang.org/x/time/rate"
)

const (
	// signUpsPerMinute is how many sign-ups an address may send a minute, all of them at once if it likes: each costs a
	// password hash and stays in the store. People behind one address share it.
	signUpsPerMinute = 60
	// resetsPerMinute is the same for mails with a link.
	resetsPerMinute = 20
	// throttledAddresses bounds the memory: about 250 bytes each.
	throttledAddresses = 10_000
	// ipv6Site is the prefix length of the smallest network that a customer gets (RFC 6177): its addresses count as
	// one.
	ipv6Site = 64
)

// throttle limits how often a minute an address may do something, on this replica.
type throttle struct {
	perMinute int
	limiters  *lru.Cache[string, *rate.Limiter]
}

func newThrottle(perMinute int) *throttle {
	limiters, _ := lru.New[string, *rate.Limiter](throttledAddresses) // fails for sizes below 1 only
	return &throttle{perMinute, limiters}
}

// wait returns how long the address has to wait before its next attempt.
func (t *throttle) wait(address string) time.Duration {
	limiter, ok := t.limiters.Get(site(address))
	if !ok {
		return 0
	}
	tokens := limiter.Tokens()
	if tokens >= 1 {
		return 0
	}
	return time.Duration((1 - tokens) / float64(limiter.Limit()) * float64(time.Second))
}

// count counts an attempt. Simultaneous sign-ins can all fail before the first is counted: the address then waits
// longer.
func (t *throttle) count(address string) {
	key := site(address)
	limiter := rate.NewLimiter(rate.Every(time.Minute/time.Duration(t.perMinute)), t.perMinute)
	if known, ok, _ := t.limiters.PeekOrAdd(key, limiter); ok {
		limiter = known
	}
	limiter.Reserve()
}

// site returns the network of an IPv6 address, and other addresses as they are.
func site(address string) string {
	ip, err := netip.ParseAddr(address)
	if err != nil {
		return address
	}
	if ip = ip.Unmap(); ip.Is4() {
		return ip.String()
	}
	prefix, err := ip.WithZone("").Prefix(ipv6Site)
	if err != nil {
		return address
	}
	return prefix.String()
}
