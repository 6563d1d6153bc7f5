package httpapi_test

import (
	"fmt"
	"strconv"
	"testing"

	"streamgate/libs/testkit"
)

// An address with too many failures has to wait, even with the right password. Other addresses don't.
func TestAddressIsThrottled(t *testing.T) {
	t.Parallel()
	s := boot(t, "TRUSTED_PROXIES=127.0.0.1")
	p := s.signUp("ada@example.com")
	from := func(address string) testkit.Option { return testkit.Header("X-Forwarded-For", address) }
	right := testkit.Basic(p.email, p.password)
	s.guessUntilThrottled(func(i int) testkit.Option { return from(fmt.Sprintf("192.0.2.1:%d", 40000+i)) })   // some proxies write the port
	s.guessUntilThrottled(func(i int) testkit.Option { return from(fmt.Sprintf("[2001:db8::%x]:51000", i)) }) // one household has many of these
	for _, address := range []string{"192.0.2.2", "192.0.2.3:4711", "[2001:db8:0:1::1]:51000"} {
		s.do("POST", "/auth", "", right, from(address)).Want(t, 201)
	}
	testkit.Eventually(t, "the first address may try again", func() bool {
		return s.do("POST", "/auth", "", right, from("192.0.2.1")).Status == 201
	})
	if n := s.metric(`user_sign_ins_total{outcome="throttled"}`); n == "0" {
		t.Errorf("%s throttled sign-ins measured", n)
	}
}

// Sign-ups and mails with a link cost us more than the client, so they are throttled.
func TestSignUpsAndResetsAreThrottled(t *testing.T) {
	t.Parallel()
	s := boot(t, "TRUSTED_PROXIES=127.0.0.1")
	here, there := testkit.Header("X-Forwarded-For", "192.0.2.1"), testkit.Header("X-Forwarded-For", "192.0.2.2")
	for path, often := range map[string]int{"/users": 60, "/password-resets": 20} {
		for i := 0; ; i++ {
			answer := s.do("POST", path, "email=nobody", here)
			if answer.Status != 429 {
				if i > 10*often {
					t.Fatalf("%s: never throttled", path)
				}
				continue
			}
			if i < often {
				t.Errorf("%s: throttled after %d", path, i)
			}
			answer.Problem(t, 429, "too_many_attempts")
			if answer.Header.Get("Retry-After") == "" {
				t.Error("no Retry-After")
			}
			break
		}
		if answer := s.do("POST", path, "email=nobody", there); answer.Status == 429 {
			t.Errorf("%s: another address is throttled too", path)
		}
	}
}

// Where no proxy is trusted, a client can't choose its address.
func TestAddressIsNotTheClientsToChoose(t *testing.T) {
	t.Parallel()
	s := boot(t)
	s.guessUntilThrottled(func(i int) testkit.Option { return testkit.Header("X-Forwarded-For", fmt.Sprintf("192.0.2.%d", i)) })
}

// guessUntilThrottled sends wrong passwords from an address until even the right one is refused. More than twenty are
// needed as time passes.
func (s *stack) guessUntilThrottled(from func(i int) testkit.Option) {
	s.Helper()
	for i := range 60 {
		guess := s.do("POST", "/auth", "", testkit.Basic(fmt.Sprintf("nobody%d@example.com", i), "wrong password"), from(i))
		if guess.Status == 401 {
			continue
		}
		if i < 20 {
			s.Fatalf("throttled after %d", i)
		}
		guess.Problem(s, 429, "too_many_attempts")
		if wait, err := strconv.Atoi(guess.Header.Get("Retry-After")); err != nil || wait < 1 || wait > 3 {
			s.Errorf("Retry-After %s", guess.Header.Get("Retry-After"))
		}
		right := testkit.Basic(adminEmail, adminPassword)
		if s.do("PUT", "/users/me/password", form("password", adminPassword), right, from(i)).Status == 429 {
			return
		}
	}
	s.Fatal("never throttled")
}
