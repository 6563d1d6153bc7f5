package account

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"streamgate/libs/fault"
)

// Accounts implements sign-up, sign-in and every other operation on accounts.
type Accounts struct {
	store     Store
	resets    ResetStore
	guesses   GuessStore
	ends      EndStore
	passwords Passwords
	common    func(string) bool
	sessions  Sessions
	mailer    Mailer
	mailed    func(MailOutcome)
	log       *slog.Logger
	now       func() time.Time

	wanted chan Email // addresses that wait for a reset mail
}

// Options are the arguments of New.
type Options struct {
	Store     Store
	Resets    ResetStore
	Guesses   GuessStore
	Ends      EndStore
	Passwords Passwords
	// Common reports whether a password is one of the commonest. Such ones are refused for accounts, and their own
	// addresses; nil: none is.
	Common   func(password string) bool
	Sessions Sessions
	Mailer   Mailer            // nil: no mail is sent, so passwords can't be reset
	Mailed   func(MailOutcome) // counts tries; may be nil
	Log      *slog.Logger
	Now      func() time.Time // nil: time.Now
}

// New returns Accounts. Reset mail is sent only while its SendResets runs.
func New(o Options) *Accounts {
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Mailed == nil {
		o.Mailed = func(MailOutcome) {}
	}
	return &Accounts{
		store: o.Store, resets: o.Resets, guesses: o.Guesses, ends: o.Ends, passwords: o.Passwords, common: o.Common, sessions: o.Sessions,
		mailer: o.Mailer, mailed: o.Mailed, log: o.Log,
		now:    func() time.Time { return o.Now().UTC().Truncate(time.Millisecond) }, // what the store keeps
		wanted: make(chan Email, maxWanted),
	}
}

// Registration is what a person signs up with.
type Registration struct {
	Email, Password string
	Name, Picture   *string // nil: derived from the address
	From            Source  // which the account knows from then on
}

// SignUp creates an account. Its error names every faulty field, or is ErrEmailTaken.
func (a *Accounts) SignUp(ctx context.Context, r Registration) (Account, error) {
	created, err := a.create(ctx, r, User)
	if err == nil {
		a.remember(ctx, created.CanonicalEmail, r.From)
	}
	return created, err
}

func (a *Accounts) create(ctx context.Context, r Registration, role Role) (Account, error) {
	email, emailErr := ParseEmail(r.Email)
	if emailErr != nil {
		email = Email{Typed: "a@b", Canonical: "a@b"} // a stand-in, so that the other inputs are checked too
	}
	password, passwordErr := a.newPassword(r.Password, email)
	name, nameErr := parseName(r.Name, email)
	picture, pictureErr := parsePicture(r.Picture, email)
	if err := all(emailErr, passwordErr, nameErr, pictureErr); err != nil {
		return Account{}, err
	}
	// The index decides; this only saves the hash.
	if _, err := a.store.ByEmail(ctx, email.Canonical); !errors.Is(err, ErrNotFound) {
		if err == nil {
			err = ErrEmailTaken
		}
		return Account{}, err
	}
	hash, err := a.passwords.Hash(ctx, password)
	if err != nil {
		return Account{}, fmt.Errorf("sign up: %w", err)
	}
	now := a.now()
	created, err := a.store.Insert(ctx, Account{
		Email: email.Typed, CanonicalEmail: email.Canonical, Name: name, Picture: picture, Role: role, Plan: DefaultPlan, PasswordHash: hash,
		CreatedAt: now, UpdatedAt: now,
	})
	if err != nil {
		return Account{}, fmt.Errorf("sign up: %w", err)
	}
	return created, nil
}

// EnsureAdmin creates an administrator's account unless an account with this address exists, which it never changes.
// Several replicas may call it at once.
func (a *Accounts) EnsureAdmin(ctx context.Context, email, password string) error {
	parsed, err := ParseEmail(email)
	if err != nil {
		return err
	}
	existing, err := a.store.ByEmail(ctx, parsed.Canonical)
	if errors.Is(err, ErrNotFound) {
		_, err = a.create(ctx, Registration{Email: email, Password: password}, Admin)
		switch {
		case errors.Is(err, ErrEmailTaken):
			return nil // another replica was faster
		case fault.KindOf(err) == fault.Invalid:
			return fmt.Errorf("ADMIN_PASSWORD: %s", Remedy(err))
		}
		return err
	}
	if err == nil && existing.Role != Admin {
		a.log.WarnContext(ctx, "the first administrator's address belongs to an account that is none; it stays so", "account", existing.ID)
	}
	return err
}

// ByID returns an account or ErrNotFound.
func (a *Accounts) ByID(ctx context.Context, id string) (Account, error) {
	return a.store.ByID(ctx, id)
}

// List returns a page of accounts and the number of all that match.
func (a *Accounts) List(ctx context.Context, q Query) ([]Account, int64, error) {
	return a.store.List(ctx, q)
}

// IsAdmin reports whether an account is an administrator now, whatever its token says.
func (a *Accounts) IsAdmin(ctx context.Context, id string) (bool, error) {
	account, err := a.store.ByID(ctx, id)
	if errors.Is(err, ErrNotFound) {
		return false, nil
	}
	return account.Role == Admin, err
}

// Profile holds the changes to an account; nil fields stay as they are.
type Profile struct {
	Name, Picture *string
	Role          *Role
}

// Edit changes a profile. A demotion ends the account's sessions, since their tokens carry the old role. It returns
// ErrLastAdmin if no administrator would be left.
func (a *Accounts) Edit(ctx context.Context, id string, p Profile) (Account, error) {
	var nameErr, pictureErr, roleErr error
	change := Change{Role: p.Role, At: a.now()}
	if p.Name != nil {
		var name string
		name, nameErr = parseName(p.Name, Email{})
		change.Name = &name
	}
	if p.Picture != nil {
		var picture string
		picture, pictureErr = parsePicture(p.Picture, Email{})
		change.Picture = &picture
	}
	if p.Role != nil {
		roleErr = p.Role.check()
	}
	if err := all(nameErr, pictureErr, roleErr); err != nil {
		return Account{}, err
	}
	current, err := a.store.ByID(ctx, id)
	if err != nil {
		return Account{}, err
	}
	if current.Role != Admin || p.Role == nil || *p.Role == Admin {
		return a.store.Update(ctx, id, change)
	}
	if err := a.checkLeaving(ctx); err != nil {
		return Account{}, err
	}
	var edited Account
	err = a.endingSessions(ctx, id, func(ctx context.Context) error {
		if err := a.demote(ctx, id); err != nil {
			return err
		}
		edited, err = a.store.Update(ctx, id, change)
		return err
	})
	return edited, err
}

// SetPlan changes an account's plan. Tokens carry it from their next refresh on.
func (a *Accounts) SetPlan(ctx context.Context, id string, plan Plan) (Account, error) {
	if err := plan.check(); err != nil {
		return Account{}, err
	}
	return a.store.Update(ctx, id, Change{Plan: &plan, At: a.now()})
}

// Delete ends an account's sessions and removes it, with all that is known of it. It returns ErrLastAdmin if no administrator would be left.
func (a *Accounts) Delete(ctx context.Context, id string) error {
	current, err := a.store.ByID(ctx, id)
	if err == nil && current.Role == Admin {
		err = a.checkLeaving(ctx)
	}
	if err != nil {
		return err
	}
	err = a.endingSessions(ctx, id, func(ctx context.Context) error {
		if current.Role == Admin {
			if err := a.demote(ctx, id); err != nil {
				return err
			}
		}
		return a.store.Delete(ctx, id)
	})
	if err != nil {
		return err
	}
	// The account is gone, so that must not be reported as failed. What is left at session-svc expires by itself.
	if err := a.sessions.Erase(context.WithoutCancel(ctx), id); err != nil {
		a.log.ErrorContext(ctx, "what session-svc knows of a deleted account not erased", "account", id, "error", err)
	}
	return nil
}

// Data returns an account with what session-svc knows of it.
func (a *Accounts) Data(ctx context.Context, id string) (Account, map[string]any, error) {
	found, err := a.store.ByID(ctx, id)
	if err != nil {
		return Account{}, nil, err
	}
	data, err := a.sessions.Data(ctx, id)
	return found, data, err
}

// ErrWrongPassword says that what was asked for needs the account's password, which the given one isn't.
var ErrWrongPassword = fault.New(fault.Forbidden, "password_wrong", "The password is not this account's; nothing was changed.")

// DeleteOwn deletes an account if the password is right. A device that is signed in is not enough.
// It returns ErrWrongPassword if it is not or may not be tried at the moment, fault.TooManyRequests as SignIn does, and
// otherwise the errors of Delete.
func (a *Accounts) DeleteOwn(ctx context.Context, id, password string, from Source) error {
	if password == "" {
		return fault.BadField("password", "missing; give the account's password")
	}
	account, err := a.store.ByID(ctx, id)
	if err != nil {
		return err
	}
	verified, err := a.verify(ctx, account.Email, password, from)
	if err == nil {
		verified, err = a.confirm(ctx, verified, password, from)
	}
	if errors.Is(err, ErrInvalidCredentials) || err == nil && verified.ID != id {
		return ErrWrongPassword
	}
	if err != nil {
		return err
	}
	return a.Delete(ctx, id)
}

// checkLeaving returns ErrLastAdmin while there is only one administrator, so that no session is ended in vain. The
// check in demote decides.
func (a *Accounts) checkLeaving(ctx context.Context) error {
	if admins, err := a.admins(ctx); err != nil || admins > 1 {
		return err
	}
	return ErrLastAdmin
}

// demote turns an administrator into a user, then checks that another administrator is left, and undoes the change if
// not. In this order, when two leave at the same time, at least the later one finds no other.
func (a *Accounts) demote(ctx context.Context, id string) error {
	user, admin := User, Admin
	if _, err := a.store.Update(ctx, id, Change{Role: &user, End: everySession}); err != nil {
		return err
	}
	left, err := a.admins(ctx)
	if err == nil && left > 0 {
		return nil
	}
	if err == nil {
		err = ErrLastAdmin
	}
	if _, undo := a.store.Update(ctx, id, Change{Role: &admin}); undo != nil {
		return errors.Join(undo, err)
	}
	return err
}

func (a *Accounts) admins(ctx context.Context) (int64, error) {
	query := Query{Role: Admin}
	query.Page, query.Limit = 1, 1
	_, total, err := a.store.List(ctx, query)
	return total, err
}

// endingSessions makes a change that takes something away and ends the recorded sessions, and ends them at session-svc
// before and after it.
func (a *Accounts) endingSessions(ctx context.Context, id string, change func(context.Context) error) error {
	return a.ending(ctx, id, a.sessions.EndAll, change)
}

// endingOthers does the same, and keeps one session.
func (a *Accounts) endingOthers(ctx context.Context, id, keep string, change func(context.Context) error) error {
	end := func(ctx context.Context, id string) error { return a.sessions.EndOthers(ctx, id, keep) }
	return a.ending(ctx, id, end, change)
}

// ending is the common part of both. Once begun, it goes on even if the caller's context ends.
func (a *Accounts) ending(ctx context.Context, id string, end func(ctx context.Context, id string) error, change func(context.Context) error) error {
	ctx = context.WithoutCancel(ctx)
	if err := end(ctx, id); err != nil {
		return fmt.Errorf("end sessions: %w", err)
	}
	if err := change(ctx); err != nil {
		return err
	}
	// The change is made, so it must not be reported as failed. Only sessions opened in these milliseconds can be left,
	// and the confirmation of SignIn refuses almost all of them.
	if err := end(ctx, id); err != nil {
		a.log.ErrorContext(ctx, "sessions opened during a change not ended", "account", id, "error", err)
	}
	return nil
}

// busy returns the error for a full queue.
func busy(what string, wait time.Duration) error {
	return fault.New(fault.Unavailable, "busy", what+" is busy at the moment; try again.").After(wait)
}
