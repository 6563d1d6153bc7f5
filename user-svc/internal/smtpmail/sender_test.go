package smtpmail_test

import (
	"crypto/ed25519"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"math/big"
	"net"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"streamgate/libs/testkit"
	"streamgate/user-svc/internal/account"
	"streamgate/user-svc/internal/smtpmail"
	"streamgate/user-svc/internal/smtpmail/smtpmailtest"
)

// A certificate for 127.0.0.1 that these tests trust.
var trusted tls.Certificate

func TestMain(m *testing.M) {
	os.Exit(func() int {
		server := httptest.NewTLSServer(nil)
		trusted = server.TLS.Certificates[0]
		server.Close()
		dir, err := os.MkdirTemp("", "smtpmail")
		if err != nil {
			panic(err)
		}
		defer func() { _ = os.RemoveAll(dir) }()
		file := filepath.Join(dir, "roots.pem")
		if err := os.WriteFile(file, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: trusted.Certificate[0]}), 0o600); err != nil {
			panic(err)
		}
		_ = os.Setenv("SSL_CERT_FILE", file)
		return m.Run()
	}())
}

var expires = time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)

func newSender(t *testing.T, o smtpmail.Options) *smtpmail.Sender {
	t.Helper()
	o.From, o.ResetURL = "Streamgate <no-reply@example.com>", "https://example.com/reset/{token}?x=1"
	sender, err := smtpmail.NewSender(o)
	if err != nil {
		t.Fatal(err)
	}
	return sender
}

func TestSendReset(t *testing.T) {
	t.Parallel()
	sink := smtpmailtest.New(t)
	sender := newSender(t, smtpmail.Options{Addr: sink.Addr, TLS: smtpmail.None})
	if err := sender.SendReset(t.Context(), "ada@example.com", "to-ken_1", expires); err != nil {
		t.Fatal(err)
	}
	got := sink.Next(t)
	if got.From != "no-reply@example.com" || got.To != "ada@example.com" || got.Subject != "Reset your Streamgate password" {
		t.Errorf("mail %+v", got)
	}
	for name, want := range map[string]string{
		"From": `"Streamgate" <no-reply@example.com>`, "To": "<ada@example.com>", "Auto-Submitted": "auto-generated",
	} {
		if got.Header.Get(name) != want {
			t.Errorf("%s is %s, want %s", name, got.Header.Get(name), want)
		}
	}
	for _, name := range []string{"Date", "Message-Id"} {
		if got.Header.Get(name) == "" {
			t.Errorf("no %s", name)
		}
	}
	for _, part := range []string{"\nhttps://example.com/reset/to-ken_1?x=1\n", "03:04 UTC on 2 January 2026"} {
		if !strings.Contains(got.Text, part) {
			t.Errorf("%q is not in %s", part, got.Text)
		}
	}
	// An address with more than ASCII before the @.
	if err := sender.SendReset(t.Context(), "josé@example.com", "x", expires); err != nil {
		t.Fatal(err)
	}
	if got := sink.Next(t); got.To != "josé@example.com" {
		t.Errorf("mail to %s", got.To)
	}
}

func TestSendResetWithCredentials(t *testing.T) {
	t.Parallel()
	sink := smtpmailtest.New(t, smtpmailtest.STARTTLS(trusted), smtpmailtest.Credentials("user", "pass word"))
	right := newSender(t, smtpmail.Options{Addr: sink.Addr, Username: "user", Password: "pass word", TLS: smtpmail.StartTLS})
	if err := right.SendReset(t.Context(), "ada@example.com", "x", expires); err != nil {
		t.Fatal(err)
	}
	sink.Next(t)
	for _, wrong := range []smtpmail.Options{{Username: "user", Password: "wrong"}, {}} {
		wrong.Addr, wrong.TLS = sink.Addr, smtpmail.StartTLS
		if err := newSender(t, wrong).SendReset(t.Context(), "ada@example.com", "x", expires); err == nil {
			t.Errorf("sent as %q", wrong.Username)
		}
	}
}

func TestSendResetOverTLS(t *testing.T) {
	t.Parallel()
	sink := smtpmailtest.NewTLS(t, trusted)
	if err := newSender(t, smtpmail.Options{Addr: sink.Addr, TLS: smtpmail.Implicit}).SendReset(t.Context(), "ada@example.com", "x", expires); err != nil {
		t.Fatal(err)
	}
	sink.Next(t)
}

// A link to an account is never sent over a connection that someone else could read.
func TestSendResetRefusesUnprotectedConnections(t *testing.T) {
	t.Parallel()
	plain, foreign := smtpmailtest.New(t), smtpmailtest.New(t, smtpmailtest.STARTTLS(untrusted(t)))
	for name, o := range map[string]smtpmail.Options{
		"no upgrade offered": {Addr: plain.Addr, TLS: smtpmail.StartTLS},
		"no TLS":             {Addr: plain.Addr, TLS: smtpmail.Implicit},
		"foreign server":     {Addr: foreign.Addr, TLS: smtpmail.StartTLS},
	} {
		if err := newSender(t, o).SendReset(t.Context(), "ada@example.com", "x", expires); err == nil {
			t.Errorf("%s: sent", name)
		}
	}
	if n := plain.Arrived() + foreign.Arrived(); n > 0 {
		t.Errorf("%d mails arrived", n)
	}
}

// untrusted returns a certificate that no authority has signed.
func untrusted(t *testing.T) tls.Certificate {
	t.Helper()
	public, private, err := ed25519.GenerateKey(nil)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, NotAfter: time.Now().Add(time.Hour)}
	der, err := x509.CreateCertificate(nil, template, template, public, private)
	if err != nil {
		t.Fatal(err)
	}
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: private}
}

// Many servers take no mail from a client that greets with a name without a domain, such as that of a pod.
func TestGreeting(t *testing.T) {
	t.Parallel()
	sink := smtpmailtest.New(t)
	for _, test := range []struct{ from, helo, want, domain string }{
		{"Streamgate <no-reply@example.com>", "", "example.com", "example.com"},
		{"no-reply@Bücher.example", "", "xn--bcher-kva.example", "xn--bcher-kva.example"},
		{"no-reply@example.com", "mail.example.net", "mail.example.net", "example.com"},
		{"no-reply@example.com", "[192.0.2.1]", "[192.0.2.1]", "example.com"},
	} {
		sender, err := smtpmail.NewSender(smtpmail.Options{
			Addr: sink.Addr, TLS: smtpmail.None, From: test.from, HELO: test.helo, ResetURL: "https://example.com/{token}",
		})
		if err != nil {
			t.Fatal(err)
		}
		if err := sender.SendReset(t.Context(), "ada@example.com", "x", expires); err != nil {
			t.Fatal(err)
		}
		got := sink.Next(t)
		if got.HELO != test.want {
			t.Errorf("from %s as %q: greeted with %s", test.from, test.helo, got.HELO)
		}
		if id := got.Header.Get("Message-Id"); !strings.HasSuffix(id, "@"+test.domain+">") {
			t.Errorf("from %s: message id %s", test.from, id)
		}
	}
}

func TestCheckHELO(t *testing.T) {
	t.Parallel()
	for text, right := range map[string]bool{
		"mail.example.com": true, "MAIL.example.com": true, "[192.0.2.1]": true, "[IPv6:2001:db8::1]": true, "xn--bcher-kva.example": true,
		"": false, "localhost": false, "user-svc-5d4f7c": false, "bücher.example": false, "-a.example": false, "a..example": false, "a.example.": false,
		"a b.example": false, "192.0.2.1]": false, "[192.0.2.1": false, "[nonsense]": false, "mail.example.com:25": false, "https://mail.example.com": false,
		"a_b.example.com": false, "mail.example.com\r\nMAIL": false,
	} {
		if err := smtpmail.CheckHELO(text); (err == nil) != right {
			t.Errorf("%q: %v", text, err)
		}
	}
}

// A server that refuses for good is told from one that may take the mail later.
func TestRefusals(t *testing.T) {
	t.Parallel()
	for code, forGood := range map[int]bool{421: false, 450: false, 451: false, 452: false, 550: true, 553: true} {
		sink := smtpmailtest.New(t, smtpmailtest.Refusing(code))
		sender := newSender(t, smtpmail.Options{Addr: sink.Addr, TLS: smtpmail.None})
		if err := sender.SendReset(t.Context(), "ada@example.com", "x", expires); err == nil || errors.Is(err, account.ErrMailRefused) != forGood {
			t.Errorf("%d: %v", code, err)
		}
	}
	away := newSender(t, smtpmail.Options{Addr: testkit.FreeAddr(t), TLS: smtpmail.None})
	if err := away.SendReset(t.Context(), "ada@example.com", "x", expires); err == nil || errors.Is(err, account.ErrMailRefused) {
		t.Errorf("nobody there: %v", err)
	}
}
