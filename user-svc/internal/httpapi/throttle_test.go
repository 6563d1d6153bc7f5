package httpapi

import (
	"fmt"
	"testing"
	"testing/synctest"
	"time"
)

func TestThrottle(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		throttle, pass := newThrottle(20), time.Sleep //nolint:forbidigo // the bubble's time: it takes none
		want := func(address string, wait time.Duration) {
			t.Helper()
			if got := throttle.wait(address); got.Round(time.Millisecond) != wait {
				t.Fatalf("wait %v, want %v", got, wait)
			}
		}
		for range 20 {
			want("192.0.2.1", 0)
			throttle.count("192.0.2.1")
		}
		want("192.0.2.1", 3*time.Second)
		want("192.0.2.2", 0)
		pass(2 * time.Second)
		want("192.0.2.1", time.Second)
		pass(time.Second)
		want("192.0.2.1", 0)
		throttle.count("192.0.2.1")
		want("192.0.2.1", 3*time.Second)
		// Simultaneous attempts lengthen the wait.
		for range 10 {
			throttle.count("192.0.2.1")
		}
		want("192.0.2.1", 33*time.Second)
		pass(time.Hour)
		for range 20 {
			want("192.0.2.1", 0)
			throttle.count("192.0.2.1")
		}
		want("192.0.2.1", 3*time.Second)
	})
}

func TestThrottleIsBounded(t *testing.T) {
	t.Parallel()
	throttle := newThrottle(20)
	for i := range 3 * throttledAddresses {
		throttle.count(fmt.Sprintf("10.%d.%d.%d", i>>16, i>>8&255, i&255))
	}
	if n := throttle.limiters.Len(); n != throttledAddresses {
		t.Errorf("%d addresses kept, want %d", n, throttledAddresses)
	}
}

func TestSite(t *testing.T) {
	t.Parallel()
	for address, want := range map[string]string{
		"192.0.2.1": "192.0.2.1", "::ffff:192.0.2.1": "192.0.2.1", "2001:db8::1": "2001:db8::/64", "2001:db8:0:0:ffff::1": "2001:db8::/64",
		"2001:db8:0:1::1": "2001:db8:0:1::/64", "fe80::1%eth0": "fe80::/64", "": "", "x": "x",
	} {
		if got := site(address); got != want {
			t.Errorf("%q belongs to %q, want %q", address, got, want)
		}
	}
}
