package password

import (
	"context"
	"errors"
	"strings"
	"sync"
	"testing"
	"time"

	"streamgate/libs/fault"
	"streamgate/libs/testkit"
	"streamgate/user-svc/internal/account"
)

// cheap are the costs of a fast hash, for tests that make many.
var cheap = Params{Memory: 64, Time: 1, Parallelism: 1}

func ignore(time.Duration) {}

func TestHashAndVerify(t *testing.T) {
	t.Parallel()
	observed := 0
	h := newHasher(OWASP, func(time.Duration) { observed++ }, 1, 1, time.Second)
	hash, err := h.Hash(t.Context(), "123456")
	if err != nil || !strings.HasPrefix(hash, "$argon2id$v=19$m=19456,t=2,p=1$") {
		t.Fatalf("hash %s, %v", hash, err)
	}
	again, err := h.Hash(t.Context(), "123456")
	if err != nil || again == hash {
		t.Errorf("the same hash twice: no salt; %v", err)
	}
	for password, want := range map[string]account.Match{
		"123456": account.Right, "123457": account.Wrong, "": account.Wrong, "123456\x00": account.Wrong,
	} {
		if match, err := h.Verify(t.Context(), password, hash); err != nil || match != want {
			t.Errorf("%q: match %d, %v, want %d", password, match, err, want)
		}
	}
	if match, err := h.Verify(t.Context(), "", ""); err != nil || match != account.Wrong {
		t.Errorf("no account: match %d, %v", match, err)
	}
	if observed != 7 {
		t.Errorf("%d hashes observed, want 7: no account takes one too", observed)
	}
}

// Hashes made by other programs are verified. The first is from the reference implementation's test suite.
func TestVerifyForeignHashes(t *testing.T) {
	t.Parallel()
	h := newHasher(OWASP, ignore, 1, 1, time.Second)
	for _, hash := range []string{
		"$argon2id$v=19$m=256,t=2,p=1$c29tZXNhbHQ$nf65EOgLrQMR/uIPnA4rEsF5h7TKyQwu9U1bMCHGi/4",
		"$argon2id$v=19$m=256,t=2,p=2$c29tZXNhbHQ$bQk8UB/VmZZF4Oo79iDXuL5/0ttZwg2f/5U52iv1cDc",
	} {
		if match, err := h.Verify(t.Context(), "password", hash); err != nil || match != account.Outdated {
			t.Errorf("%s: match %d, %v", hash, match, err)
		}
		if match, err := h.Verify(t.Context(), "passwort", hash); err != nil || match != account.Wrong {
			t.Errorf("%s: match %d of another password, %v", hash, match, err)
		}
	}
}

func TestVerifyRefusesMalformedHashes(t *testing.T) {
	t.Parallel()
	h := newHasher(OWASP, ignore, 1, 1, time.Second)
	const good = "$argon2id$v=19$m=256,t=2,p=1$c29tZXNhbHQ$nf65EOgLrQMR/uIPnA4rEsF5h7TKyQwu9U1bMCHGi/4"
	for _, hash := range []string{
		"x", "$2b$12$abcdefghijklmnopqrstuu", good + "$", good + "=", good + "\n",
		strings.Replace(good, "argon2id", "argon2i", 1), strings.Replace(good, "v=19", "v=16", 1), strings.Replace(good, "t=2", "t=0", 1),
		strings.Replace(good, "p=1", "p=0", 1), strings.Replace(good, "p=1", "p=256", 1), strings.Replace(good, "m=256", "m=4194304", 1),
		strings.Replace(good, "t=2", "t=99999", 1), strings.Replace(good, "t=2,p=1", "p=1,t=2", 1), strings.Replace(good, "m=256", "m=0256", 1),
		strings.Replace(good, "p=1", "p=1,x=2", 1), strings.Replace(good, "c29tZXNhbHQ", "", 1), strings.Replace(good, "c29tZXNhbHQ", "c29", 1),
		strings.Replace(good, "nf65EOgLrQMR/uIPnA4rEsF5h7TKyQwu9U1bMCHGi/4", "nf65", 1),
	} {
		if match, err := h.Verify(t.Context(), "password", hash); err == nil || match != account.Wrong {
			t.Errorf("%s: match %d, %v", hash, match, err)
		}
	}
}

// oneAtATime returns a hasher with one slot, in which each hash tells started and waits for release.
func oneAtATime(waiters int, maxWait time.Duration) (h *Hasher, started, release chan struct{}) {
	started, release = make(chan struct{}), make(chan struct{})
	h = newHasher(cheap, func(time.Duration) {
		started <- struct{}{}
		<-release
	}, 1, waiters, maxWait)
	return h, started, release
}

// No more hashes than slots are made at once. A bounded number waits, for a bounded time.
func TestHasherIsBusy(t *testing.T) {
	t.Parallel()
	h, started, release := oneAtATime(1, time.Minute)
	var group sync.WaitGroup
	hash := func() {
		if _, err := h.Hash(t.Context(), "password"); err != nil {
			t.Error(err)
		}
	}
	group.Go(hash)
	<-started // takes the slot
	group.Go(hash)
	testkit.Eventually(t, "the second waits", func() bool { return h.Waiting() == 1 })
	_, err := h.Hash(t.Context(), "password")
	if e, ok := errors.AsType[*fault.Error](err); !ok || e.Kind != fault.Unavailable || e.Code != "busy" || e.RetryAfter == 0 {
		t.Errorf("error %v of the third request, want busy", err)
	}
	close(release)
	<-started
	group.Wait()
	if n := h.Waiting(); n != 0 {
		t.Errorf("%d wait", n)
	}
}

func TestHasherWaitIsBounded(t *testing.T) {
	t.Parallel()
	h, started, release := oneAtATime(100, time.Millisecond)
	var group sync.WaitGroup
	group.Go(func() { _, _ = h.Hash(t.Context(), "password") })
	<-started
	if _, err := h.Hash(t.Context(), "password"); fault.KindOf(err) != fault.Unavailable {
		t.Errorf("error %v after a wait in vain", err)
	}
	gone, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := h.Verify(gone, "password", ""); !errors.Is(err, context.Canceled) {
		t.Errorf("error %v of a caller that went away", err)
	}
	close(release)
	group.Wait()
}

func BenchmarkHash(b *testing.B) {
	h := NewHasher(OWASP, ignore)
	for b.Loop() {
		if _, err := h.Hash(b.Context(), "123456"); err != nil {
			b.Fatal(err)
		}
	}
}
