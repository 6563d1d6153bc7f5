package mongostore

import (
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"

	"streamgate/libs/objectid"
	"streamgate/user-svc/internal/account"
)

// The names of stored fields that are used outside of document.
const (
	fieldID         = "_id"
	fieldEmail      = "email"
	fieldCanonical  = "canonicalEmail"
	fieldName       = "name"
	fieldPicture    = "picture"
	fieldRole       = "role"
	fieldPlan       = "plan"
	fieldPassword   = "passwordHash"
	fieldCreated    = "createdAt"
	fieldUpdated    = "updatedAt"
	fieldSignedIn   = "signedIn"
	fieldReset      = "reset"
	fieldResetHash  = "reset.hash"
	fieldResetEnd   = "reset.expires"
	fieldResetFrom  = "reset.requested"
	fieldMails      = "mails"
	fieldMailsSince = "mails.since"
	fieldMailsCount = "mails.count"
	fieldSessions   = "sessions"
	fieldRecorded   = "sessionsRecordedFrom"
)

// document is an account as it is stored.
type document struct {
	ID             bson.ObjectID `bson:"_id"`
	Email          string        `bson:"email"`
	CanonicalEmail string        `bson:"canonicalEmail"`
	Name           string        `bson:"name"`
	Picture        string        `bson:"picture"`
	Role           string        `bson:"role"`
	Plan           plan          `bson:"plan"`
	PasswordHash   string        `bson:"passwordHash"`
	CreatedAt      time.Time     `bson:"createdAt"`
	UpdatedAt      time.Time     `bson:"updatedAt"`
	SignedIn       bool          `bson:"signedIn,omitempty"`
	Reset          *reset        `bson:"reset,omitempty"`

	Sessions map[string]session `bson:"sessions,omitempty"` // by id
	// SessionsRecordedFrom is the time from which on every session that was opened is among Sessions.
	SessionsRecordedFrom *time.Time `bson:"sessionsRecordedFrom,omitempty"`
}

// session is a recorded session.
type session struct {
	Device     string    `bson:"device"`
	Generation int32     `bson:"generation"`
	Created    time.Time `bson:"created"`
	Refreshed  time.Time `bson:"refreshed"`
	Expires    time.Time `bson:"expires"`
	Ended      bool      `bson:"ended,omitempty"` // it is remembered until it expires
}

type plan struct {
	MaxStreams int    `bson:"maxStreams"`
	OnLimit    string `bson:"onLimit"`
	Pause      *int64 `bson:"pauseSeconds,omitempty"`
}

// mails counts those of a day, from the first one on.
type mails struct {
	Since time.Time `bson:"since"`
	Count int       `bson:"count"`
}

type reset struct {
	Hash      []byte    `bson:"hash"`
	Requested time.Time `bson:"requested"`
	Expires   time.Time `bson:"expires"`
}

func newDocument(a account.Account) document {
	return document{
		ID: bson.ObjectID(objectid.New()), Email: a.Email, CanonicalEmail: a.CanonicalEmail, Name: a.Name, Picture: a.Picture, Role: string(a.Role),
		Plan: newPlan(a.Plan), PasswordHash: a.PasswordHash, CreatedAt: a.CreatedAt, UpdatedAt: a.UpdatedAt,
		SignedIn: a.SignedIn,
	}
}

func newPlan(p account.Plan) plan {
	document := plan{MaxStreams: p.MaxStreams, OnLimit: string(p.OnLimit)}
	if p.Pause != nil {
		document.Pause = new(int64(p.Pause.Seconds()))
	}
	return document
}

func (p plan) plan() account.Plan {
	result := account.Plan{MaxStreams: p.MaxStreams, OnLimit: account.OnLimit(p.OnLimit)}
	if p.Pause != nil {
		result.Pause = new(time.Duration(*p.Pause) * time.Second)
	}
	return result
}

func (d *document) account() account.Account {
	return account.Account{
		ID: d.ID.Hex(), Email: d.Email, CanonicalEmail: d.CanonicalEmail, Name: d.Name, Picture: d.Picture, Role: account.Role(d.Role),
		Plan: d.Plan.plan(), PasswordHash: d.PasswordHash,
		CreatedAt: d.CreatedAt.UTC(), UpdatedAt: d.UpdatedAt.UTC(), SignedIn: d.SignedIn,
	}
}

// update turns a change into what is set and unset, but for its sessions.
func update(c account.Change) (set, unset bson.D) {
	if c.Name != nil {
		set = append(set, bson.E{Key: fieldName, Value: *c.Name})
	}
	if c.Picture != nil {
		set = append(set, bson.E{Key: fieldPicture, Value: *c.Picture})
	}
	if c.Role != nil {
		set = append(set, bson.E{Key: fieldRole, Value: string(*c.Role)})
	}
	if c.Plan != nil {
		set = append(set, bson.E{Key: fieldPlan, Value: newPlan(*c.Plan)})
	}
	if c.PasswordHash != nil {
		set = append(set, bson.E{Key: fieldPassword, Value: *c.PasswordHash})
	}
	if c.SignedIn {
		set = append(set, bson.E{Key: fieldSignedIn, Value: true})
	}
	if c.WithdrawReset {
		unset = append(unset, bson.E{Key: fieldReset, Value: ""})
	}
	if !c.At.IsZero() {
		set = append(set, bson.E{Key: fieldUpdated, Value: c.At})
	}
	return set, unset
}

// operators are MongoDB's for it.
func operators(set, unset bson.D) bson.D {
	operators := bson.D{}
	if len(set) > 0 {
		operators = append(operators, bson.E{Key: "$set", Value: set})
	}
	if len(unset) > 0 {
		operators = append(operators, bson.E{Key: "$unset", Value: unset})
	}
	return operators
}
