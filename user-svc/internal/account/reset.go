package account

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"time"
)

const (
	// resetTTL is how long a reset token is valid.
	resetTTL = time.Hour
	// ResetPause is the least time between two mails to an account.
	ResetPause = time.Minute
	// ResetsPerDay is how many mails an account gets at most in the day from the first of them on.
	ResetsPerDay = 10
	// resetTokenSize is the length of a token in random bytes.
	resetTokenSize = 32
	// maxWanted bounds the addresses that wait for their mail, and the mails that wait for another try.
	maxWanted = 256
	// mailTimeout bounds the work for one of them; drainTimeout bounds the work for all that are left when the service
	// ends.
	mailTimeout  = 10 * time.Second
	drainTimeout = 10 * time.Second
	// retryFor is how long a mail is tried, so that its link is still good for half an hour. The pause between two tries doubles.
	retryFor   = resetTTL / 2
	firstPause = time.Second
	maxPause   = 5 * time.Minute
)

// RequestReset queues a mail with a reset token to the account with this address. SendResets finds out later whether
// that account exists, so that neither the answer nor its time reveals it. The error is that of ParseEmail, or
// fault.Unavailable when too many addresses wait.
func (a *Accounts) RequestReset(email string) error {
	parsed, err := ParseEmail(email)
	if err != nil || a.mailer == nil {
		return err
	}
	select {
	case a.wanted <- parsed:
		return nil
	default:
		return busy("Mail", time.Minute)
	}
}

// CheckReset returns the time when a reset token expires, or ErrInvalidResetToken.
func (a *Accounts) CheckReset(ctx context.Context, token string) (time.Time, error) {
	_, expires, err := a.byReset(ctx, token)
	return expires, err
}

// ResetPassword changes the password of a reset token's account, ends all its sessions and uses the token up. The
// account knows that source from then on. It returns ErrInvalidResetToken if the token isn't valid.
func (a *Accounts) ResetPassword(ctx context.Context, token, next string, from Source) (Account, error) {
	if _, err := NormalPassword(next); err != nil {
		return Account{}, err
	}
	id, _, err := a.byReset(ctx, token) // before the hash, which costs
	if err != nil {
		return Account{}, err
	}
	owner, err := a.store.ByID(ctx, id)
	if errors.Is(err, ErrNotFound) {
		return Account{}, ErrInvalidResetToken
	}
	if err != nil {
		return Account{}, fmt.Errorf("reset password: %w", err)
	}
	password, err := a.newPassword(next, Email{Typed: owner.Email, Canonical: owner.CanonicalEmail})
	if err != nil {
		return Account{}, err
	}
	hash, err := a.passwords.Hash(ctx, password)
	if err != nil {
		return Account{}, fmt.Errorf("reset password: %w", err)
	}
	var account Account
	err = a.endingSessions(ctx, id, func(ctx context.Context) error {
		account, err = a.resets.Redeem(ctx, resetHash(token), a.now(), hash)
		return err
	})
	if errors.Is(err, ErrNotFound) {
		return Account{}, ErrInvalidResetToken
	}
	if err == nil {
		a.forgive(ctx, account.CanonicalEmail)
		a.remember(ctx, account.CanonicalEmail, from)
	}
	return account, err
}

func (a *Accounts) byReset(ctx context.Context, token string) (string, time.Time, error) {
	id, expires, err := a.resets.ByReset(ctx, resetHash(token), a.now())
	if errors.Is(err, ErrNotFound) {
		return "", time.Time{}, ErrInvalidResetToken
	}
	return id, expires, err
}

func resetHash(token string) []byte {
	sum := sha256.Sum256([]byte(token))
	return sum[:]
}
