package smtpmailtest

import (
	"crypto/tls"
	"errors"
	"io"
	"mime"
	"mime/quotedprintable"
	"net"
	"net/mail"
	"strings"
	"testing"
	"time"

	"github.com/emersion/go-sasl"
	"github.com/emersion/go-smtp"
)

// Message is a mail that has arrived.
type Message struct {
	HELO     string // the name that the client greeted with
	From, To string // of the envelope
	Header   mail.Header
	Subject  string
	Text     string
}

// Sink is a mail server that keeps the mail it gets.
type Sink struct {
	Addr string // host:port

	username, password string
	messages           chan Message
	hold               chan struct{}
	refusals           chan smtp.SMTPError
}

// Option changes a sink.
type Option func(*Sink, *smtp.Server)

// STARTTLS offers an upgrade with this certificate.
func STARTTLS(certificate tls.Certificate) Option {
	return func(_ *Sink, server *smtp.Server) {
		server.TLSConfig = &tls.Config{Certificates: []tls.Certificate{certificate}, MinVersion: tls.VersionTLS12}
	}
}

// Credentials refuses mail from clients without these credentials.
func Credentials(username, password string) Option {
	return func(s *Sink, server *smtp.Server) {
		s.username, s.password = username, password
		server.AllowInsecureAuth = true
	}
}

// Held delays each mail until a value is sent to the channel, or the channel is closed.
func Held(hold chan struct{}) Option {
	return func(s *Sink, _ *smtp.Server) { s.hold = hold }
}

// Refusing refuses as many recipients as there are codes, the first with the first one.
func Refusing(codes ...int) Option {
	return func(s *Sink, _ *smtp.Server) {
		s.refusals = make(chan smtp.SMTPError, len(codes))
		for _, code := range codes {
			s.refusals <- smtp.SMTPError{Code: code, EnhancedCode: smtp.NoEnhancedCode, Message: "not now"}
		}
	}
}

// New starts a sink that ends with the test.
func New(t testing.TB, options ...Option) *Sink {
	t.Helper()
	listener, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	return serve(t, listener, options)
}

// NewTLS starts a sink that speaks TLS from the first byte.
func NewTLS(t testing.TB, certificate tls.Certificate, options ...Option) *Sink {
	t.Helper()
	listener, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	config := &tls.Config{Certificates: []tls.Certificate{certificate}, MinVersion: tls.VersionTLS12}
	return serve(t, tls.NewListener(listener, config), options)
}

func serve(t testing.TB, listener net.Listener, options []Option) *Sink {
	t.Helper()
	s := &Sink{Addr: listener.Addr().String(), messages: make(chan Message, 1024)}
	server := smtp.NewServer(smtp.BackendFunc(func(c *smtp.Conn) (smtp.Session, error) {
		return &session{sink: s, helo: c.Hostname()}, nil
	}))
	server.Domain, server.EnableSMTPUTF8 = "localhost", true
	for _, option := range options {
		option(s, server)
	}
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		if err := server.Serve(listener); err != nil && !errors.Is(err, smtp.ErrServerClosed) {
			t.Errorf("mail server: %v", err)
		}
	}()
	t.Cleanup(func() {
		_ = server.Close()
		<-ended
	})
	return s
}

// Next returns the next mail, and fails the test if none comes within ten seconds.
func (s *Sink) Next(t testing.TB) Message {
	t.Helper()
	select {
	case message := <-s.messages:
		return message
	case <-time.After(10 * time.Second):
		t.Fatal("no mail came")
		return Message{}
	}
}

// Arrived returns the number of mails that Next would return without waiting.
func (s *Sink) Arrived() int { return len(s.messages) }

type session struct {
	sink          *Sink
	helo          string
	from, to      string
	authenticated bool
}

// AuthMechanisms implements smtp.AuthSession.
func (s *session) AuthMechanisms() []string {
	if s.sink.username == "" {
		return nil
	}
	return []string{sasl.Plain}
}

// Auth implements smtp.AuthSession.
func (s *session) Auth(string) (sasl.Server, error) {
	return sasl.NewPlainServer(func(_, username, password string) error {
		if username != s.sink.username || password != s.sink.password {
			return smtp.ErrAuthFailed
		}
		s.authenticated = true
		return nil
	}), nil
}

// Mail implements smtp.Session.
func (s *session) Mail(from string, _ *smtp.MailOptions) error {
	if s.sink.username != "" && !s.authenticated {
		return smtp.ErrAuthRequired
	}
	s.from = from
	return nil
}

// Rcpt implements smtp.Session.
func (s *session) Rcpt(to string, _ *smtp.RcptOptions) error {
	if s.to != "" {
		return errors.New("more than one recipient")
	}
	select {
	case refusal := <-s.sink.refusals:
		return &refusal
	default: // also where there are none
	}
	s.to = to
	return nil
}

// Data implements smtp.Session.
func (s *session) Data(r io.Reader) error {
	parsed, err := mail.ReadMessage(r)
	if err != nil {
		return err
	}
	body := parsed.Body
	if strings.EqualFold(parsed.Header.Get("Content-Transfer-Encoding"), "quoted-printable") {
		body = quotedprintable.NewReader(body)
	}
	text, err := io.ReadAll(body)
	if err != nil {
		return err
	}
	subject, err := new(mime.WordDecoder).DecodeHeader(parsed.Header.Get("Subject"))
	if err != nil {
		return err
	}
	if s.sink.hold != nil {
		<-s.sink.hold
	}
	s.sink.messages <- Message{s.helo, s.from, s.to, parsed.Header, subject, strings.ReplaceAll(string(text), "\r\n", "\n")}
	return nil
}

// Reset implements smtp.Session.
func (s *session) Reset() { s.from, s.to = "", "" }

// Logout implements smtp.Session.
func (s *session) Logout() error { return nil }
