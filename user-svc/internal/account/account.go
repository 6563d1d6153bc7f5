package account

import (
	"errors"
	"time"

	"streamgate/libs/fault"
)

// Account belongs to one person. The store keeps its times in UTC, to the millisecond.
type Account struct {
	ID             string // 24 lower-case hex digits, assigned by the store
	Email          string // as its owner typed it, without surrounding space
	CanonicalEmail string // unique: see ParseEmail
	Name           string // 1 to MaxName characters
	Picture        string // absolute http or https URL
	Role           Role
	Plan           Plan
	PasswordHash   string // PHC string; never leaves user-svc
	CreatedAt      time.Time
	UpdatedAt      time.Time // of name, picture, role, plan or password

	SignedIn bool // at least once
}

// Role says what an account may do.
type Role string

// The roles.
const (
	User  Role = "user"
	Admin Role = "admin"
)

func (r Role) check() error {
	if r != User && r != Admin {
		return fault.BadField("role", "must be %s or %s", User, Admin)
	}
	return nil
}

// OnLimit says what happens to a new stream when the account already has as many as its plan allows.
type OnLimit string

// Deny refuses the new stream, EvictOldest ends the oldest one for it.
const (
	Deny        OnLimit = "deny"
	EvictOldest OnLimit = "evict-oldest"
)

// MaxStreams is the largest number of streams at once that a plan can allow: the same as jwtauth.MaxLimit.
const MaxStreams = 100

// MaxPause is the longest that a plan can let a paused player hold its slot: the same as jwtauth.MaxPause.
const MaxPause = 4 * time.Hour

// Plan is what an account has subscribed to.
type Plan struct {
	MaxStreams int // streams at once, 1 to MaxStreams
	OnLimit    OnLimit
	// Pause is how long a player that says that it is paused holds its slot, in seconds, 0 (a pause frees it at once) to MaxPause; nil leaves it to
	// session-svc's setting.
	Pause *time.Duration
}

// DefaultPlan is the plan of a new account.
var DefaultPlan = Plan{MaxStreams: 3, OnLimit: Deny}

func (p Plan) check() error {
	var streams, onLimit, pause error
	if p.MaxStreams < 1 || p.MaxStreams > MaxStreams {
		streams = fault.BadField("maxStreams", "must be from 1 to %d", MaxStreams)
	}
	if p.OnLimit != Deny && p.OnLimit != EvictOldest {
		onLimit = fault.BadField("onLimit", "must be %s or %s", Deny, EvictOldest)
	}
	if p.Pause != nil && (*p.Pause < 0 || *p.Pause > MaxPause) {
		pause = fault.BadField("pauseSeconds", "must be from 0 to %d", int(MaxPause.Seconds()))
	}
	return all(streams, onLimit, pause)
}

// ErrNotFound says that there is no such account.
var ErrNotFound = fault.New(fault.NotFound, "account_not_found", "There is no such account.")

// ErrSessionNotFound says that an account has no such session, or not any more.
var ErrSessionNotFound = fault.New(fault.NotFound, "session_not_found", "There is no such session of this account.")

// ErrEmailTaken says that another account has this address, perhaps in another spelling.
var ErrEmailTaken = &fault.Error{
	Kind: fault.Conflict, Code: "email_taken", Detail: "There is an account with this e-mail address already.",
	Fields: []fault.Field{{Name: "email", Detail: "belongs to an account already; sign in, or reset the password"}},
}

// ErrLastAdmin says that the change would leave Streamgate without an administrator.
var ErrLastAdmin = fault.New(fault.Conflict, "last_admin", "This is the last administrator; make another account one first.")

// ErrInvalidCredentials is the only answer to a wrong address or password, whatever is wrong. A Refusal in its chain
// tells operators the reason.
var ErrInvalidCredentials = fault.New(fault.Unauthenticated, "invalid_credentials", "The e-mail address or the password is wrong.")

// ErrInvalidResetToken says that a password can't be reset with this token: it is unknown, used, replaced by a newer
// one or older than an hour.
var ErrInvalidResetToken = fault.New(fault.NotFound, "reset_token_invalid", "This link is not valid (any more); ask for a new one.")

// all joins the faults of several inputs into one error, so that a person can correct all of them at once. An error of
// another kind takes precedence.
func all(errs ...error) error {
	var fields []fault.Field
	for _, err := range errs {
		if err == nil {
			continue
		}
		e, ok := errors.AsType[*fault.Error](err)
		if !ok || len(e.Fields) == 0 {
			return err
		}
		fields = append(fields, e.Fields...)
	}
	if len(fields) == 0 {
		return nil
	}
	return fault.BadFields(fields...)
}

// Remedy returns the detail of a faulty input without the field's name, for inputs that have another name where they
// come from.
func Remedy(err error) string {
	if e, ok := errors.AsType[*fault.Error](err); ok && len(e.Fields) > 0 {
		return e.Fields[0].Detail
	}
	return err.Error()
}
