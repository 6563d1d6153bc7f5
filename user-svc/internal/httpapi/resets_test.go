package httpapi_test

import (
	"bytes"
	"encoding/base64"
	"fmt"
	"regexp"
	"strings"
	"testing"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"

	"streamgate/libs/testkit"
	"streamgate/user-svc/internal/smtpmail/smtpmailtest"
)

var resetLink = regexp.MustCompile(`https://example\.com/reset\?token=([\w-]+)&lang=en`)

// bootWithMail starts a service whose mail arrives at the sink.
func bootWithMail(t *testing.T, settings ...string) (*stack, *smtpmailtest.Sink) {
	t.Helper()
	sink := smtpmailtest.New(t)
	return boot(t, append([]string{
		"SMTP_ADDR=" + sink.Addr, "SMTP_TLS=none", "SMTP_FROM=Streamgate <no-reply@example.com>",
		"RESET_URL=https://example.com/reset?token={token}&lang=en", "TRUSTED_PROXIES=127.0.0.1",
	}, settings...)...), sink
}

// tokenIn returns the token in the next mail that the sink gets, which must be to this address.
func tokenIn(t *testing.T, sink *smtpmailtest.Sink, to string) string {
	t.Helper()
	message := sink.Next(t)
	if message.From != "no-reply@example.com" || message.To != to {
		t.Fatalf("mail from %s to %s, want to %s", message.From, message.To, to)
	}
	link := resetLink.FindStringSubmatch(message.Text)
	if link == nil {
		t.Fatalf("no link in %s", message.Text)
	}
	return link[1]
}

func TestPasswordReset(t *testing.T) {
	t.Parallel()
	s, sink := bootWithMail(t)
	p, other := s.signUp("Ada@bücher.example"), s.signUp("other@example.com")
	s.lock(p)

	s.do("POST", "/password-resets", "email=ADA@bücher.example").Want(t, 202)
	token := tokenIn(t, sink, "Ada@xn--bcher-kva.example")
	if random, err := base64.RawURLEncoding.DecodeString(token); err != nil || len(random) != 32 {
		t.Errorf("token %s", token)
	}
	var stored bson.Raw
	if err := s.accounts.FindOne(t.Context(), bson.D{{Key: "email", Value: p.email}}).Decode(&stored); err != nil || bytes.Contains(stored, []byte(token)) {
		t.Errorf("the token itself is stored, %v", err)
	}

	checked := s.do("GET", "/password-resets/"+token, "").Want(t, 200)
	expires, err := time.Parse(time.RFC3339, checked.JSON(t)["expiresAt"].(string))
	if left := time.Until(expires); err != nil || left < 59*time.Minute || left > time.Hour || checked.Header.Get("Cache-Control") != "no-store" {
		t.Errorf("valid for %v, %v", left, err)
	}
	for body, field := range map[string]string{
		"": "password", "password=12345": "password", `{"password": {"$ne": ""}}`: "password", "password=123456&email=x": "email",
	} {
		s.do("PUT", "/password-resets/"+token, body).Problem(t, 400, "invalid_input", field)
	}
	s.wantSessions(p, 1)
	reset := s.do("PUT", "/password-resets/"+token, "password=another+one").Want(t, 200).JSON(t)
	if reset["id"] != p.id {
		t.Errorf("reset %v", reset)
	}
	s.wantSessions(p, 0)
	stranger := testkit.Header("X-Forwarded-For", "198.51.100.1")
	s.do("POST", "/auth", "", testkit.Basic(p.email, "another one"), stranger).Want(t, 201) // not locked any more
	s.do("GET", "/password-resets/"+token, "").Problem(t, 404, "reset_token_invalid")
	s.do("PUT", "/password-resets/"+token, "password=yet+another").Problem(t, 404, "reset_token_invalid")
	s.signIn(p.email, "another one")
	s.wantSessions(other, 1)
}

// The answer doesn't reveal whether an account exists, and an address without one gets no mail.
func TestPasswordResetIsDiscreet(t *testing.T) {
	t.Parallel()
	s, sink := bootWithMail(t)
	p := s.signUp("ada@example.com")
	var bodies []string
	for _, email := range []string{"nobody@example.com", p.email, p.email, "nobody@example.com"} {
		bodies = append(bodies, string(s.do("POST", "/password-resets", form("email", email)).Want(t, 202).Body))
	}
	for _, body := range bodies {
		if body != bodies[0] {
			t.Errorf("%s unlike %s", body, bodies[0])
		}
	}
	for body, field := range map[string]string{
		"": "email", "email=x": "email", `{"email": {"$ne": ""}}`: "email", "email=a@b.c&email=a@b.c": "email", "email=a@b.c&to=x": "to",
	} {
		s.do("POST", "/password-resets", body).Problem(t, 400, "invalid_input", field)
	}
	// Requests are handled in order: after the mail to the last one, no other can come.
	last := s.signUp("last@example.com")
	s.do("POST", "/password-resets", form("email", last.email)).Want(t, 202)
	tokenIn(t, sink, p.email)
	tokenIn(t, sink, last.email) // no second one to ada within a minute
	for _, token := range []string{"x", strings.Repeat("A", 43), "%00", "$ne"} {
		s.do("GET", "/password-resets/"+token, "").Problem(t, 404, "reset_token_invalid")
		s.do("PUT", "/password-resets/"+token, "password=123456").Problem(t, 404, "reset_token_invalid")
	}
}

func TestPasswordResetReplacedAndExpired(t *testing.T) {
	t.Parallel()
	s, sink := bootWithMail(t)
	p := s.signUp("ada@example.com")
	ask := func() string {
		t.Helper()
		s.do("POST", "/password-resets", form("email", p.email)).Want(t, 202)
		return tokenIn(t, sink, p.email)
	}
	first := ask()
	s.set(p, "reset.requested", time.Now().Add(-time.Minute))
	second := ask()
	s.do("GET", "/password-resets/"+first, "").Problem(t, 404, "reset_token_invalid")
	s.do("GET", "/password-resets/"+second, "").Want(t, 200)
	s.set(p, "reset.expires", time.Now())
	s.do("GET", "/password-resets/"+second, "").Problem(t, 404, "reset_token_invalid")
	s.do("PUT", "/password-resets/"+second, "password=another+one").Problem(t, 404, "reset_token_invalid")
	s.signIn(p.email, p.password)

	// A change of password by other means makes the link invalid.
	s.set(p, "reset.requested", time.Now().Add(-time.Minute))
	third := ask()
	s.do("PUT", "/users/me/password", "password=another+one", testkit.Basic(p.email, p.password)).Want(t, 200)
	s.do("PUT", "/password-resets/"+third, "password=yet+another").Problem(t, 404, "reset_token_invalid")
	s.signIn(p.email, "another one")
}

// Without session-svc no session could be ended, so the token stays valid.
func TestPasswordResetNeedsSessions(t *testing.T) {
	t.Parallel()
	s, sink := bootWithMail(t)
	p := s.signUp("ada@example.com")
	s.do("POST", "/password-resets", form("email", p.email)).Want(t, 202)
	token := tokenIn(t, sink, p.email)
	s.sessions.Away(true)
	s.do("PUT", "/password-resets/"+token, "password=another+one").Problem(t, 503, "unavailable")
	s.sessions.Away(false)
	s.signIn(p.email, p.password)
	s.do("PUT", "/password-resets/"+token, "password=another+one").Want(t, 200)
	s.signIn(p.email, "another one")
}

func TestPasswordResetWithoutMail(t *testing.T) {
	t.Parallel()
	s := boot(t, "TRUSTED_PROXIES=127.0.0.1")
	p := s.signUp("ada@example.com")
	for i := range 300 { // more than can wait
		from := testkit.Header("X-Forwarded-For", fmt.Sprintf("192.0.2.%d", i%100))
		s.do("POST", "/password-resets", form("email", p.email), from).Want(t, 202)
	}
}

// A server that can't take a mail now gets it later.
func TestMailIsTriedAgain(t *testing.T) {
	t.Parallel()
	sink := smtpmailtest.New(t, smtpmailtest.Refusing(451, 421))
	s := boot(t, "SMTP_ADDR="+sink.Addr, "SMTP_TLS=none", "SMTP_FROM=Streamgate <no-reply@example.com>",
		"RESET_URL=https://example.com/reset?token={token}&lang=en")
	p := s.signUp("ada@example.com")
	s.do("POST", "/password-resets", form("email", p.email)).Want(t, 202)
	s.do("GET", "/password-resets/"+tokenIn(t, sink, p.email), "").Want(t, 200)
	testkit.Eventually(t, "it is counted", func() bool { return s.metric(`user_mails_total{outcome="sent"}`) == "1" })
	if retried, failed := s.metric(`user_mails_total{outcome="retried"}`), s.metric(`user_mails_total{outcome="failed"}`); retried != "2" || failed != "0" {
		t.Errorf("%s tries again, %s failures", retried, failed)
	}
}

// A server that was away gets what was asked for meanwhile, each account's newest link alone.
func TestMailWaitsForItsServer(t *testing.T) {
	t.Parallel()
	sink := smtpmailtest.New(t)
	relay, _ := testkit.NewRelay(t, "smtp://"+sink.Addr)
	relay.Shut()
	s := boot(t, "SMTP_ADDR="+relay.Addr, "SMTP_TLS=none", "SMTP_FROM=Streamgate <no-reply@example.com>",
		"RESET_URL=https://example.com/reset?token={token}&lang=en")
	ada, bob := s.signUp("ada@example.com"), s.signUp("bob@example.com")
	ask := func(p person) { s.do("POST", "/password-resets", form("email", p.email)).Want(t, 202) }
	ask(ada)
	ask(bob)
	testkit.Eventually(t, "both wait", func() bool { return s.metric(`user_mails_total{outcome="retried"}`) >= "2" })
	s.set(ada, "reset.requested", time.Now().Add(-2*time.Minute))
	ask(ada)
	relay.Open()
	arrived := map[string]string{}
	for range 2 {
		message := sink.Next(t)
		arrived[message.To] = resetLink.FindStringSubmatch(message.Text)[1]
	}
	for _, p := range []person{ada, bob} {
		s.do("GET", "/password-resets/"+arrived[p.email], "").Want(t, 200)
	}
	testkit.Eventually(t, "it is counted", func() bool { return s.metric(`user_mails_total{outcome="sent"}`) == "2" })
	if n := sink.Arrived(); n != 0 {
		t.Errorf("%d mails more", n)
	}
}

// What a server refuses for good is given up at once.
func TestMailThatIsRefused(t *testing.T) {
	t.Parallel()
	sink := smtpmailtest.New(t, smtpmailtest.Refusing(550))
	s := boot(t, "SMTP_ADDR="+sink.Addr, "SMTP_TLS=none", "SMTP_FROM=a@example.com", "RESET_URL=https://example.com/{token}")
	p := s.signUp("ada@example.com")
	s.do("POST", "/password-resets", form("email", p.email)).Want(t, 202)
	testkit.Eventually(t, "it is counted", func() bool { return s.metric(`user_mails_total{outcome="failed"}`) == "1" })
	if retried := s.metric(`user_mails_total{outcome="retried"}`); retried != "0" || sink.Arrived() != 0 {
		t.Errorf("%s tries again", retried)
	}
}

// Many requests for links in another's name don't fill the mailbox.
func TestMailsADay(t *testing.T) {
	t.Parallel()
	s, sink := bootWithMail(t)
	p, last := s.signUp("ada@example.com"), s.signUp("last@example.com")
	ask := func(p person) { s.do("POST", "/password-resets", form("email", p.email)).Want(t, 202) }
	for range 10 {
		ask(p)
		tokenIn(t, sink, p.email)
		s.set(p, "reset.requested", time.Now().Add(-2*time.Minute))
	}
	ask(p)
	ask(last) // requests are handled in order
	tokenIn(t, sink, last.email)
}
