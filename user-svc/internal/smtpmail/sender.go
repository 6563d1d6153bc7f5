package smtpmail

import (
	"cmp"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"net"
	netmail "net/mail"
	"net/netip"
	"net/url"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/wneessen/go-mail"

	"streamgate/user-svc/internal/account"
)

// TokenPlaceholder stands in a link for the reset token.
const TokenPlaceholder = "{token}"

// permanent is the first reply code that says: never again, not with this mail (RFC 5321, section 4.2.1).
const permanent = 500

// timeout bounds each step of a conversation with the server.
const timeout = 5 * time.Second

// TLS is how the connection to the server is protected.
type TLS string

// The protections: an upgrade that must succeed, TLS from the first byte, none.
const (
	StartTLS TLS = "starttls"
	Implicit TLS = "tls"
	None     TLS = "none"
)

// UnmarshalText accepts the three names.
func (t *TLS) UnmarshalText(text []byte) error {
	switch *t = TLS(text); *t {
	case StartTLS, Implicit, None:
		return nil
	default:
		return errors.New("must be starttls, tls or none")
	}
}

// Options are the arguments of NewSender.
type Options struct {
	Addr               string // host:port
	Username, Password string // empty: no authentication
	From               string // an address, perhaps with a name
	HELO               string // the name to greet the server with; "" is the domain of From
	TLS                TLS
	ResetURL           string // with TokenPlaceholder in it
}

// Sender implements account.Mailer.
type Sender struct {
	client   *mail.Client
	from     string
	domain   string // of from
	resetURL string
}

// CheckHELO returns an error unless text is a name to greet a server with: a domain of two or more parts, or an address in brackets (RFC 5321,
// section 4.1.4).
func CheckHELO(text string) error {
	if inside, ok := strings.CutPrefix(text, "["); ok {
		if _, err := netip.ParseAddr(strings.TrimPrefix(strings.TrimSuffix(inside, "]"), "IPv6:")); err == nil && strings.HasSuffix(inside, "]") {
			return nil
		}
	}
	if !heloDomain.MatchString(text) {
		return errors.New("must be a domain, such as mail.example.com, or an address in brackets")
	}
	return nil
}

// heloDomain matches a domain in ASCII.
var heloDomain = regexp.MustCompile(`^(?i:[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+(?i:[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?)$`)

// CheckSender returns an error unless text names a sender of mail.
func CheckSender(text string) error { return mail.NewMsg().From(text) }

// NewSender returns a sender. It doesn't connect.
func NewSender(o Options) (*Sender, error) {
	host, portText, err := net.SplitHostPort(o.Addr)
	if err != nil {
		return nil, fmt.Errorf("SMTP_ADDR: %w", err)
	}
	port, err := strconv.Atoi(portText)
	if err != nil {
		return nil, fmt.Errorf("SMTP_ADDR: port: %w", err)
	}
	domain, err := senderDomain(o.From)
	if err != nil {
		return nil, err
	}
	// The library greets with the name of the host, which is the pod's: many servers take no mail from a name without a domain.
	options := []mail.Option{mail.WithPort(port), mail.WithTimeout(timeout), mail.WithHELO(cmp.Or(o.HELO, domain))}
	switch o.TLS {
	case Implicit:
		options = append(options, mail.WithSSL())
	case None:
		options = append(options, mail.WithTLSPolicy(mail.NoTLS))
	default:
		options = append(options, mail.WithTLSPolicy(mail.TLSMandatory))
	}
	if o.Username != "" {
		options = append(options, mail.WithSMTPAuth(mail.SMTPAuthAutoDiscover), mail.WithUsername(o.Username), mail.WithPassword(o.Password))
	}
	client, err := mail.NewClient(host, options...)
	if err != nil {
		return nil, fmt.Errorf("SMTP_ADDR: %w", err)
	}
	return &Sender{client, o.From, domain, o.ResetURL}, nil
}

// senderDomain returns the domain of a sender in ASCII.
func senderDomain(from string) (string, error) {
	sender, err := netmail.ParseAddress(from)
	if err != nil {
		return "", fmt.Errorf("SMTP_FROM: %w", err)
	}
	address := sender.Address
	if email, err := account.ParseEmail(address); err == nil {
		address = email.Canonical // whose domain is in ASCII
	}
	return address[strings.LastIndexByte(address, '@')+1:], nil
}

// SendReset implements account.Mailer. The mail contains nothing that the account's creator could choose: an account
// made with someone else's address is no way to write to that person.
func (s *Sender) SendReset(ctx context.Context, to, token string, expires time.Time) error {
	message := mail.NewMsg()
	if err := errors.Join(message.From(s.from), message.To(to)); err != nil {
		return fmt.Errorf("mail: %w", err)
	}
	message.Subject("Reset your Streamgate password")
	message.SetDate()
	message.SetMessageIDWithValue(rand.Text() + "@" + s.domain)
	message.SetGenHeader("Auto-Submitted", "auto-generated") // RFC 3834: no out-of-office replies
	message.SetBodyString(mail.TypeTextPlain, fmt.Sprintf(resetText,
		strings.ReplaceAll(s.resetURL, TokenPlaceholder, url.QueryEscape(token)), expires.UTC().Format("15:04 UTC on 2 January 2006")))
	err := s.client.DialAndSendWithContext(ctx, message)
	if refused, ok := errors.AsType[*mail.SendError](err); ok && refused.ErrorCode() >= permanent {
		return fmt.Errorf("%w: %w", account.ErrMailRefused, err)
	}
	if err != nil {
		return fmt.Errorf("mail: %w", err)
	}
	return nil
}

const resetText = `Somebody, probably you, asked for a new password for the Streamgate account
with this address. Choose it here:

%s

The link works once, until %s.

If it wasn't you, ignore this mail: your password stays as it is.
`
