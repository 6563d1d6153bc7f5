package account

import (
	"context"
	"errors"
	"fmt"

	"golang.org/x/text/unicode/norm"

	"streamgate/libs/fault"
	"streamgate/libs/objectid"
)

// noAccount is the id of no account. With it, the store does the same work as for an account.
var noAccount = objectid.ID{}.String()

// Refusal is the reason for which an address and a password were refused. It is in the chain of ErrInvalidCredentials
// for operators, and never shown to the caller.
type Refusal string

// The refusals.
const (
	RefusedUnknown Refusal = "unknown"
	RefusedWrong   Refusal = "wrong"
	RefusedLocked  Refusal = "locked"
)

// Error returns the refusal's name.
func (r Refusal) Error() string { return string(r) }

func refuse(r Refusal) error {
	e := *ErrInvalidCredentials
	return e.Because(r)
}

// SignIn checks an account's address and password, and opens a session under the device's name. It returns
// ErrInvalidCredentials if they are wrong or the account is locked for this source, and fault.TooManyRequests if its
// network has guessed too often.
func (a *Accounts) SignIn(ctx context.Context, email, password, device string, from Source) (Account, Session, error) {
	verified, err := a.verify(ctx, email, password, from)
	if err != nil {
		return Account{}, Session{}, err
	}
	open := a.sessions.Open
	if verified.SignedIn {
		open = a.sessions.OpenKnown
	}
	session, err := open(ctx, verified.ID, device)
	if err != nil {
		return Account{}, Session{}, fmt.Errorf("open session: %w", err)
	}
	current, err := a.confirm(ctx, verified, password, from)
	if err == nil {
		current, err = a.note(ctx, current.ID, Change{SignedIn: true, Record: &session})
	}
	if err != nil {
		return Account{}, Session{}, errors.Join(err, a.sessions.End(context.WithoutCancel(ctx), verified.ID, session.ID))
	}
	a.remember(ctx, current.CanonicalEmail, from)
	return current, session, nil
}

// verify takes the same steps for an unknown account, a locked one and a wrong password: two reads, a hash, a write.
func (a *Accounts) verify(ctx context.Context, email, password string, from Source) (Account, error) {
	parsed, _ := ParseEmail(email) // text that is no address belongs to no account
	t, err := a.attempting(ctx, parsed.Canonical, from)
	if err != nil {
		return Account{}, fmt.Errorf("sign in: %w", err)
	}
	if t.wait > 0 {
		return Account{}, tooManyGuesses(t.wait)
	}
	account, err := a.store.ByEmail(ctx, parsed.Canonical)
	unknown := errors.Is(err, ErrNotFound)
	if err != nil && !unknown {
		return Account{}, fmt.Errorf("sign in: %w", err)
	}
	match, err := a.passwords.Verify(ctx, norm.NFC.String(password), account.PasswordHash)
	if err != nil {
		return Account{}, fmt.Errorf("sign in: %w", err)
	}
	switch {
	case match == Outdated && !t.locked:
		return a.rehash(ctx, account, password)
	case match == Right && !t.locked:
		return account, nil
	}
	if err := a.failed(ctx, t); err != nil {
		return Account{}, fmt.Errorf("sign in: %w", err)
	}
	switch {
	case unknown:
		return Account{}, refuse(RefusedUnknown)
	case t.locked:
		return Account{}, refuse(RefusedLocked)
	default:
		return Account{}, refuse(RefusedWrong)
	}
}

// rehash renews a hash with today's parameters while the password is at hand. A failure is no reason to refuse the
// sign-in.
func (a *Accounts) rehash(ctx context.Context, account Account, password string) (Account, error) {
	hash, err := a.passwords.Hash(ctx, norm.NFC.String(password))
	if err == nil {
		_, err = a.store.Update(ctx, account.ID, Change{PasswordHash: &hash, IfPasswordHash: account.PasswordHash})
	}
	if err != nil {
		a.log.WarnContext(ctx, "password hash not renewed", "account", account.ID, "error", err)
		return account, nil
	}
	account.PasswordHash = hash
	return account, nil
}

// confirm reads an account again, and returns it if it may still sign in: of many simultaneous guesses, none succeeds
// after the lock.
func (a *Accounts) confirm(ctx context.Context, verified Account, password string, from Source) (Account, error) {
	t, err := a.attempting(ctx, verified.CanonicalEmail, from)
	if err != nil {
		return Account{}, fmt.Errorf("confirm: %w", err)
	}
	current, err := a.store.ByID(ctx, verified.ID)
	switch {
	case errors.Is(err, ErrNotFound):
		return Account{}, refuse(RefusedUnknown)
	case err != nil:
		return Account{}, fmt.Errorf("confirm: %w", err)
	case t.locked:
		return Account{}, refuse(RefusedLocked)
	case current.PasswordHash != verified.PasswordHash: // a new password, or the same with today's parameters
		match, err := a.passwords.Verify(ctx, norm.NFC.String(password), current.PasswordHash)
		if err != nil {
			return Account{}, fmt.Errorf("confirm: %w", err)
		}
		if match == Wrong {
			return Account{}, refuse(RefusedWrong)
		}
	}
	return current, nil
}

// note changes an account at sign-in. An account that was deleted since it was confirmed is refused as unknown.
func (a *Accounts) note(ctx context.Context, id string, change Change) (Account, error) {
	current, err := a.store.Update(ctx, id, change)
	if errors.Is(err, ErrNotFound) {
		return Account{}, refuse(RefusedUnknown)
	}
	return current, err
}

// Refresh exchanges a refresh token for the next one, and returns the account as it is now. The error is
// fault.Unauthenticated if the token is unknown, was used before or its account is gone.
func (a *Accounts) Refresh(ctx context.Context, refreshToken string) (Account, Session, error) {
	if refreshToken == "" {
		return Account{}, Session{}, fault.BadField("refreshToken", "missing; give the refresh token of the last sign-in or refresh")
	}
	// The exchange uses the token up, so first find out whether the store answers.
	if _, err := a.store.ByID(ctx, noAccount); !errors.Is(err, ErrNotFound) {
		return Account{}, Session{}, fmt.Errorf("refresh: %w", err)
	}
	session, err := a.sessions.Refresh(ctx, refreshToken)
	if err != nil {
		return Account{}, Session{}, fmt.Errorf("refresh: %w", err)
	}
	// Session-svc may have forgotten that the session ended: what the account has recorded counts.
	account, err := a.store.Update(ctx, session.Account, Change{Record: &session, IfRecorded: true})
	if errors.Is(err, ErrNotFound) {
		return Account{}, Session{}, errors.Join(fault.ErrRefreshToken, a.sessions.End(context.WithoutCancel(ctx), session.Account, session.ID))
	}
	if err != nil {
		return Account{}, Session{}, fmt.Errorf("refresh: %w", err)
	}
	return account, session, nil
}

// SignOut ends a session.
func (a *Accounts) SignOut(ctx context.Context, account, session string) error {
	// The record first: what it has no more, nothing brings back.
	if err := a.EndRecorded(ctx, account, Ending{Session: session}); err != nil {
		return fmt.Errorf("sign out: %w", err)
	}
	if err := a.sessions.End(ctx, account, session); err != nil {
		return fmt.Errorf("sign out: %w", err)
	}
	return nil
}

// Recorded returns a session that is signed in, or ErrSessionNotFound.
func (a *Accounts) Recorded(ctx context.Context, account, session string) (Session, error) {
	found, err := a.store.Session(ctx, account, session)
	if err == nil && !a.now().Before(found.Expires) {
		return Session{}, ErrSessionNotFound
	}
	return found, err
}

// EndRecorded ends sessions in the record, for session-svc, which ends them on its side. An account that is gone has
// none.
func (a *Accounts) EndRecorded(ctx context.Context, account string, which Ending) error {
	if _, err := a.store.Update(ctx, account, Change{End: &which}); !errors.Is(err, ErrNotFound) {
		return err
	}
	return nil
}

// ChangePassword checks an account's address and present password, sets the next one, and ends all its sessions except
// the one to keep, if that has an ID. It returns ErrInvalidCredentials as SignIn does.
func (a *Accounts) ChangePassword(ctx context.Context, email, present, next string, keep Session, from Source) (Account, error) {
	address, _ := ParseEmail(email) // text that is no address is refused below
	password, err := a.newPassword(next, address)
	if err != nil {
		return Account{}, err
	}
	verified, err := a.verify(ctx, email, present, from)
	if err != nil {
		return Account{}, err
	}
	current, err := a.confirm(ctx, verified, present, from)
	if err != nil {
		return Account{}, err
	}
	if keep.ID != "" && keep.Account != current.ID {
		return Account{}, fault.BadField("access_token", "is a token of another account")
	}
	hash, err := a.passwords.Hash(ctx, password)
	if err != nil {
		return Account{}, fmt.Errorf("change password: %w", err)
	}
	var changed Account
	change := func(ctx context.Context) error {
		changed, err = a.store.Update(ctx, current.ID, Change{
			PasswordHash: &hash, IfPasswordHash: current.PasswordHash, WithdrawReset: true, At: a.now(),
			End: &Ending{Session: keep.ID, Others: true},
		})
		return err
	}
	if keep.ID == "" {
		err = a.endingSessions(ctx, current.ID, change)
	} else {
		err = a.endingOthers(ctx, current.ID, keep.ID, change)
	}
	if errors.Is(err, ErrNotFound) { // deleted meanwhile, or another change was faster
		return Account{}, refuse(RefusedWrong)
	}
	if err == nil {
		a.forgive(ctx, changed.CanonicalEmail)
		a.remember(ctx, changed.CanonicalEmail, from)
	}
	return changed, err
}
