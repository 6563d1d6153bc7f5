package httpapi

import (
	"net/netip"
	"time"

	lru "github.com/hashicorp/golang-lru/v2"
	"golang.org/x/time/rate"
)

const (
	// guessesPerMinute is how many wrong passwords an address may send in the long run, and at once. People behind one address share it.
	guessesPerMinute = 20
	// signUpsPerMinute is the same for accounts: each costs a password hash and is kept.
	signUpsPerMinute = 60
	// resetsPerMinute is the same for mails with a link.
	resetsPerMinute = 20
	// throttledAddresses bounds the memory: about 250 bytes each. Who has more addresses is up against the lock of each account.
	throttledAddresses = 10_000
	// ipv6Site is the prefix that a single customer gets at least (RFC 6177): its addresses are one.
	ipv6Site = 64
)

// throttle counts what an address may do so many times a minute, on this replica.
type throttle struct {
	perMinute int
	limiters  *lru.Cache[string, *rate.Limiter]
}

func newThrottle(perMinute int) *throttle {
	limiters, _ := lru.New[string, *rate.Limiter](throttledAddresses) // fails for sizes below 1 only
	return &throttle{perMinute, limiters}
}

// wait is how long the address has to wait before its next attempt.
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

// count counts an attempt. Sign-ins at the same time can all fail before the first is counted: they go into debt, to be waited off.
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
	if err != nil || ip.Unmap().Is4() {
		return address
	}
	prefix, err := ip.WithZone("").Prefix(ipv6Site)
	if err != nil {
		return address
	}
	return prefix.String()
}
