package account

import (
	"context"
	"crypto/rand"
	"encoding/base64"
	"errors"
	"slices"
	"time"
)

// MailOutcome is what became of a try to send a mail.
type MailOutcome string

// The outcomes. A mail is sent or failed once, and may be retried before.
const (
	MailSent    MailOutcome = "sent"
	MailRetried MailOutcome = "retried" // it will be tried again
	MailFailed  MailOutcome = "failed"  // for good: refused, tried for too long, or too many wait
)

// MailOutcomes are all of them.
var MailOutcomes = []MailOutcome{MailSent, MailRetried, MailFailed}

// resetMail is a mail that is to be sent.
type resetMail struct {
	wanted Email // as it was asked for

	account, to, token string // "" until there is a reset
	expires            time.Time

	until time.Time     // of the last try
	next  time.Time     // try
	pause time.Duration // after it
}

func newResetMail(wanted Email) resetMail {
	return resetMail{wanted: wanted, until: time.Now().Add(retryFor), pause: firstPause}
}

// SendResets sends the queued mail until ctx ends, and then what is left. Mail that failed is tried again for half an hour, from memory: what a
// crash takes with it, its reader asks for again.
func (a *Accounts) SendResets(ctx context.Context) {
	working := context.WithoutCancel(ctx)
	var late []resetMail // in the order of their next tries
	for ctx.Err() == nil {
		var due <-chan time.Time
		if len(late) > 0 {
			due = time.After(time.Until(late[0].next))
		}
		select {
		case email := <-a.wanted:
			late = a.try(working, newResetMail(email), late)
		case <-due:
			late = a.try(working, late[0], late[1:])
		case <-ctx.Done():
		}
	}
	a.drainResets(working, late)
}

// drainResets tries each mail that is left once.
func (a *Accounts) drainResets(ctx context.Context, late []resetMail) {
	ctx, cancel := context.WithTimeout(ctx, drainTimeout)
	defer cancel()
	for len(a.wanted) > 0 {
		late = append(late, newResetMail(<-a.wanted))
	}
	for _, m := range late {
		m.until = time.Time{}
		a.try(ctx, m, nil)
	}
}

// try sends a mail. If that fails, it puts it among those that are late.
func (a *Accounts) try(ctx context.Context, m resetMail, late []resetMail) []resetMail {
	sending, cancel := context.WithTimeout(ctx, mailTimeout)
	defer cancel()
	wanted, err := a.reset(sending, &m)
	if err == nil && !wanted {
		return late
	}
	if err == nil {
		// An older mail to the same account has a link that the newer one has made invalid.
		late = slices.DeleteFunc(late, func(other resetMail) bool { return other.account == m.account })
		err = a.mailer.SendReset(sending, m.to, m.token, m.expires)
	}
	m.next = time.Now().Add(m.pause)
	m.pause = min(2*m.pause, maxPause)
	switch {
	case err == nil:
		a.mailed(MailSent)
	case errors.Is(err, ErrMailRefused), m.next.After(m.until), len(late) >= maxWanted:
		a.log.ErrorContext(ctx, "reset mail not sent", "account", m.account, "error", err)
		a.mailed(MailFailed)
	default:
		a.log.WarnContext(ctx, "reset mail not sent yet", "account", m.account, "error", err)
		a.mailed(MailRetried)
		at, _ := slices.BinarySearchFunc(late, m.next, func(other resetMail, next time.Time) int { return other.next.Compare(next) })
		late = slices.Insert(late, at, m)
	}
	return late
}

// reset makes the reset that a mail is about, unless it is made. It reports whether there is one: an account with this address, that may get a
// mail now.
func (a *Accounts) reset(ctx context.Context, m *resetMail) (bool, error) {
	if m.token != "" {
		return true, nil
	}
	account, err := a.store.ByEmail(ctx, m.wanted.Canonical)
	if errors.Is(err, ErrNotFound) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	random := make([]byte, resetTokenSize)
	_, _ = rand.Read(random) // never fails
	token := base64.RawURLEncoding.EncodeToString(random)
	now := a.now()
	reset := Reset{Hash: resetHash(token), Requested: now, Expires: now.Add(resetTTL)}
	saved, err := a.resets.SaveReset(ctx, account.ID, reset)
	if err == nil && saved {
		m.account, m.to, m.token, m.expires = account.ID, deliverable(&account), token, reset.Expires
	}
	return saved, err
}
