package stream

import (
	"context"
	"crypto/sha256"
	"net/url"
	"path"
	"strings"
	"sync"
	"time"
	"unicode/utf8"

	"streamgate/libs/fault"
	"streamgate/libs/grant"
	"streamgate/libs/names"
	"streamgate/libs/objectid"
	"streamgate/session-svc/internal/session"
)

// Catalogue knows where a content's video is.
type Catalogue interface {
	// Source returns the src of a content: a path in the blob store, or an absolute address. Its error is fault.NotFound for an unknown one.
	Source(ctx context.Context, content string) (string, error)
}

// Changes tells of changes.
type Changes interface {
	// Watch sends on changed soon after each change of what an account plays, by whichever replica; several changes may be one signal.
	// After a time without connection it sends too. Lapses are not sent, for nobody does them. Stop ends it.
	Watch(account string) (changed <-chan struct{}, stop func())

	// WatchEnds sends the id of each stream that ends, of whichever account and by whichever replica, and AnyStream after ends may have
	// been missed. Stop ends it.
	WatchEnds() (ended <-chan ID, stop func())
}

// AnyStream stands for every stream.
var AnyStream ID

// Sessions knows the device sessions.
type Sessions interface {
	// Adopt is session.Sessions'.
	Adopt(ctx context.Context, account string, id session.ID, seen *session.Sighting) (bool, error)
}

// Caller is whose request it is.
type Caller struct {
	Account string
	Session session.ID
	Limit   int
	Evicts  bool
	Pause   *time.Duration    // how long a pause holds a slot, up to MaxAhead; nil for Rules.Pause
	Seen    *session.Sighting // of another issuer's account; else nil
}

// Options of a start. All but Content may be zero.
type Options struct {
	Content string // 24 hex digits
	Player  string // an id that the player keeps, 1 to MaxPlayer characters
	Device  string // a name to show, at most session.MaxName characters
	Replace *ID
	// Key is the client's Idempotency-Key, at most MaxKey characters: a repeated start with the same key is the same stream.
	Key string
}

// Bounds of the options, in characters.
const (
	MaxPlayer = 128
	MaxKey    = 255
)

// startWithin bounds what a start asks of the store, so that it is refused within 300 ms when the store is away (P5). What is asked about streams
// that run may take as long as the store allows: they go on meanwhile.
const startWithin = 250 * time.Millisecond

// Playing is a started stream.
type Playing struct {
	Lease  Lease
	Source string // an absolute address, or a path on our own host
	Ticket string // the grant, by which a heartbeat puts the lease back after the store has lost its memory
	Active int    // live leases of the account, this one included
	Limit  int    // of the account
}

// Streams is the stream rule, for those who carry requests to it.
type Streams struct {
	store     Store
	sessions  Sessions
	catalogue Catalogue
	plans     Plans
	grants    grant.Keys
	rules     Rules
	metrics   *Metrics
	now       func() time.Time // for the end of grants, and of what is tried again
	recalls   chan struct{}    // has an item for each limit that is being recalled
	asking    chan struct{}    // and for each that is asked for
}

// New makes Streams.
func New(store Store, sessions Sessions, catalogue Catalogue, plans Plans, grants grant.Keys, rules Rules, metrics *Metrics) *Streams {
	return &Streams{
		store: store, sessions: sessions, catalogue: catalogue, plans: plans, grants: grants, rules: rules, metrics: metrics, now: time.Now,
		recalls: make(chan struct{}, recalled), asking: make(chan struct{}, recalling),
	}
}

// Rules returns the times of the rule.
func (s *Streams) Rules() Rules { return s.rules }

// Start starts a stream. What it refuses, it says by LimitError, EndedError, session.ErrEnded or a fault that names the option.
func (s *Streams) Start(ctx context.Context, caller Caller, o Options) (Playing, error) {
	start, err := s.request(caller, o)
	if err != nil {
		return Playing{}, err
	}
	source, err := s.catalogue.Source(ctx, o.Content)
	if err != nil {
		return Playing{}, err
	}
	hurry, cancel := context.WithTimeout(ctx, startWithin)
	defer cancel()
	result, err := s.adopting(hurry, caller.Account, caller.Session, caller.Seen, func() (Result, error) {
		return s.store.Start(hurry, caller.Account, start)
	})
	if err != nil {
		s.metrics.started("unavailable")
		return Playing{}, err
	}
	s.metrics.started(string(result.Outcome))
	s.metrics.decided(result)
	if err := s.refusal(result); err != nil {
		return Playing{}, err
	}
	address, ticket, err := s.address(caller, result.Lease, source)
	if err != nil {
		return Playing{}, err
	}
	return Playing{Lease: result.Lease, Source: address, Ticket: ticket, Active: result.Active, Limit: result.Limit}, nil
}

// adopting asks the store, and asks again if it had forgotten the caller's session, may have forgotten its end, or never seen it. What it
// has forgotten of an account of user-svc's is also the limit.
func (s *Streams) adopting(ctx context.Context, account string, id session.ID, seen *session.Sighting, ask func() (Result, error)) (Result, error) {
	result, err := ask()
	if err != nil || result.Outcome != NoSession {
		return result, err
	}
	if lives, err := s.sessions.Adopt(ctx, account, id, seen); err != nil || !lives {
		return result, err
	}
	if seen == nil {
		s.recall(account) //nolint:contextcheck // nobody waits for it
	}
	return ask()
}

// request checks the options, all at once.
func (s *Streams) request(caller Caller, o Options) (Start, error) {
	var faults []fault.Field
	check := func(ok bool, field, detail string) {
		if !ok {
			faults = append(faults, fault.Field{Name: field, Detail: detail})
		}
	}
	_, err := objectid.Parse("content", o.Content)
	check(err == nil, "content", "must be a content's id: 24 hex digits")
	check(utf8.RuneCountInString(o.Player) <= MaxPlayer && utf8.ValidString(o.Player), "player", "must be at most 128 characters of UTF-8")
	remedy := names.Remedy(o.Device, session.MaxName)
	if remedy == "" && o.Device != strings.TrimSpace(o.Device) {
		remedy = "must be without spaces around"
	}
	check(o.Device == "" || remedy == "", "device", remedy)
	check(utf8.RuneCountInString(o.Key) <= MaxKey, "Idempotency-Key", "must be 1 to 255 characters")
	if len(faults) > 0 {
		return Start{}, fault.BadFields(faults...)
	}
	start := Start{
		ID: NewID(), Session: caller.Session, Content: o.Content, Device: session.CleanName(o.Device),
		Limit: caller.Limit, Evicts: caller.Evicts, Replace: o.Replace,
	}
	if o.Player != "" {
		sum := sha256.Sum256([]byte(o.Player))
		start.Player = Player(sum[:4])
		start.Player[0] |= 1 // never zero, which is no player
	}
	if o.Key != "" {
		// Half of the id follows from the key, so that the store recognises the repetition of a start, as long as it knows it. Nobody else
		// finds it, since they don't know the session. The other half is random, so that a stream that has ended is never started again.
		sum := sha256.Sum256([]byte("streamgate/idempotency\x00" + caller.Account + string(caller.Session[:]) + o.Key))
		start.Named = true
		copy(start.ID[:NameLength], sum[:])
	}
	return start, nil
}

// grantSegment is the part of an absolute src that the grant takes the place of, for servers that ask at /authorize.
const grantSegment = "/:grant/"

// outside returns the path of a video on a server that is not ours, or "" where it is too long for a grant. It begins with a slash, so that a
// grant for it opens nothing of ours.
func outside(source string) string {
	address, err := url.Parse(strings.Replace(source, grantSegment, "/", 1))
	if err != nil || len(address.Path) > grant.MaxScope {
		return ""
	}
	return address.Path
}

// address returns where the player fetches the video: an absolute src, with the grant in it if it has a place for that, else a path that
// carries the grant.
func (s *Streams) address(caller Caller, lease Lease, source string) (address, ticket string, err error) {
	elsewhere := strings.Contains(source, "://")
	where := source
	if elsewhere {
		where = outside(source)
	}
	folder, file := path.Split(where)
	scope, entry := where, ""
	if extension := strings.ToLower(path.Ext(file)); strings.Trim(folder, "/") != "" && (extension == ".m3u8" || extension == ".mpd") {
		scope, entry = folder, file // a playlist's segments lie around it
	}
	sealed, err := s.grants.Seal(grant.Grant{
		Stream: lease.ID.String(), Account: caller.Account, Session: lease.Session.String(), Content: lease.Content, Player: lease.Player,
		Limit: caller.Limit, Foreign: caller.Seen != nil,
		Started: lease.Started, Expires: lease.Started.Add(session.GrantFor), Scope: scope, Entry: entry,
	})
	if err != nil {
		return "", "", err
	}
	if elsewhere {
		return strings.Replace(source, grantSegment, "/"+sealed+"/", 1), sealed, nil
	}
	return "/media/" + sealed + "/" + url.PathEscape(file), sealed, nil
}

// Heartbeat renews a stream of the caller's session. The ticket may be "".
func (s *Streams) Heartbeat(ctx context.Context, caller Caller, id ID, ticket string) (expires time.Time, resumed bool, err error) {
	r := Renewal{ID: id, Session: caller.Session, Limit: caller.Limit, Heartbeat: true}
	if ticket != "" {
		g, err := s.grants.Verify(ticket, time.Time{}) // an expired one brings nothing back, and is no fault of a stream that runs
		switch {
		case err != nil || g.Stream != id.String():
			return time.Time{}, false, fault.BadField("ticket", "is not the one of this stream").Because(err)
		case g.Account != caller.Account || g.Session != caller.Session.String():
			return time.Time{}, false, ErrUnknown // another account's stream
		}
		if !s.now().After(g.Expires) {
			r.Ticket = &Ticket{Content: g.Content, Player: g.Player, Started: g.Started}
		}
	}
	result, err := s.renew(ctx, caller.Account, r.Session, caller.Seen, func() (Result, error) { return s.store.Renew(ctx, caller.Account, r) })
	return result.Lease.Expires, result.Outcome == Resumed, err
}

// Delivery is what a stream that was renewed may be sent.
type Delivery struct {
	Holds  time.Duration // how long its lease lives from now on, without another sign of life
	Ahead  time.Duration // film that it was sent and that can't have been played yet
	Credit time.Duration // film that it may be sent, of what is wanted
	Wait   time.Duration // when the rest of it may
}

// Sent is what content-svc tells of a stream that it sends, and what it wants.
type Sent struct {
	Grant string        // of the media address
	Film  time.Duration // that the stream was sent since the last time
	Want  time.Duration // film that is to be sent next; below 0, what goes back to the account if the stream has ended
	Idle  time.Duration // since the last of it
}

// mostSent bounds the film that one renewal tells of or wants, and the time that it was idle.
const mostSent = 24 * time.Hour

// RenewByGrants renews the streams of media addresses, each for itself, and answers them in their order.
func (s *Streams) RenewByGrants(ctx context.Context, all []Sent) ([]Delivery, []error) {
	deliveries, errs := make([]Delivery, len(all)), make([]error, len(all))
	var renewals []AccountRenewal
	var of []int
	for i, sent := range all {
		r, err := s.renewalOf(sent)
		if errs[i] = err; err == nil {
			renewals, of = append(renewals, r), append(of, i)
		}
	}
	var lost sync.WaitGroup // sessions that the store has forgotten
	for n, answer := range s.store.RenewAll(ctx, renewals) {
		settle := func() { deliveries[of[n]], errs[of[n]] = s.deliver(ctx, renewals[n], answer) }
		if answer.Err == nil && answer.Result.Outcome == NoSession {
			lost.Go(settle)
		} else {
			settle()
		}
	}
	lost.Wait()
	return deliveries, errs
}

// renewalOf returns what to ask the store.
func (s *Streams) renewalOf(sent Sent) (AccountRenewal, error) {
	if sent.Film < 0 || sent.Idle < 0 || max(sent.Film, sent.Idle, sent.Want.Abs()) > mostSent {
		return AccountRenewal{}, fault.BadField("renewals", "sent, want and idle must be up to %d ms, and of them want alone may be below 0", mostSent.Milliseconds())
	}
	g, err := s.grants.Read(sent.Grant) // how long it is good, the store knows: it remembers when it was used last
	if err != nil {
		return AccountRenewal{}, fault.BadField("grant", "is not valid").Because(err)
	}
	r, err := s.renewing(g)
	r.Sent, r.Want, r.Idle = sent.Film, sent.Want, sent.Idle
	return r, err
}

// renewing returns the renewal of a grant's or a ticket's stream.
func (s *Streams) renewing(g grant.Grant) (AccountRenewal, error) {
	id, err := ParseID("grant", g.Stream)
	if err != nil {
		return AccountRenewal{}, err
	}
	holder, err := session.ParseID("grant", g.Session)
	if err != nil {
		return AccountRenewal{}, err
	}
	r := Renewal{ID: id, Session: holder, Limit: g.Limit}
	if !s.now().After(g.Expires) { // an old one brings nothing back
		r.Ticket = &Ticket{Content: g.Content, Player: g.Player, Started: g.Started}
	}
	of := AccountRenewal{Renewal: r, Account: g.Account}
	if g.Foreign { // its device was signed in when the stream started
		of.Seen = &session.Sighting{SignedIn: g.Started, Issued: g.Started}
	}
	return of, nil
}

// deliver returns what a stream may be sent, given the store's first answer.
func (s *Streams) deliver(ctx context.Context, r AccountRenewal, first RenewalAnswer) (Delivery, error) {
	asked := false
	result, err := s.renew(ctx, r.Account, r.Session, r.Seen, func() (Result, error) {
		if !asked {
			asked = true
			return first.Result, first.Err
		}
		return s.store.Renew(ctx, r.Account, r.Renewal)
	})
	if err != nil {
		return Delivery{}, err
	}
	return Delivery{Holds: result.Holds, Ahead: result.Ahead, Credit: result.Credit, Wait: result.Wait}, nil
}

// renew asks the store about a renewal, and counts what it decides.
func (s *Streams) renew(ctx context.Context, account string, holder session.ID, seen *session.Sighting, ask func() (Result, error)) (Result, error) {
	result, err := s.adopting(ctx, account, holder, seen, ask)
	if err != nil {
		s.metrics.renewed("unavailable")
		return Result{}, err
	}
	s.metrics.renewed(string(result.Outcome))
	s.metrics.decided(result)
	return result, s.refusal(result)
}

// SetLimit sets how many streams an account may play at once from now on, whatever its tokens and grants say. Streams that play go on.
func (s *Streams) SetLimit(ctx context.Context, account string, limit int) error {
	return s.store.SetLimit(ctx, account, limit)
}

// Stop ends a stream of any device of the account. By is the name of the device that asks. Stopping twice is no error.
func (s *Streams) Stop(ctx context.Context, account string, id ID, by session.Session) error {
	return s.stop(ctx, account, Stop{ID: id, Session: by.ID, By: session.CleanName(by.Device)})
}

// StopAll ends all streams of an account, for the support desk, and says how many.
func (s *Streams) StopAll(ctx context.Context, account string) (int, error) {
	result, err := s.store.List(ctx, account)
	if err != nil {
		return 0, err
	}
	for _, lease := range result.Live {
		if err := s.stop(ctx, account, Stop{ID: lease.ID, By: Support}); err != nil {
			return 0, err
		}
	}
	return len(result.Live), nil
}

func (s *Streams) stop(ctx context.Context, account string, stop Stop) error {
	result, err := s.store.Stop(ctx, account, stop)
	if err != nil {
		return err
	}
	if result.Outcome == Unknown {
		return ErrUnknown
	}
	return nil
}

// Listing is what an account plays.
type Listing struct {
	Live  []Lease // oldest first
	Limit int     // that SetLimit has set, or 0
}

// List returns what an account plays.
func (s *Streams) List(ctx context.Context, account string) (Listing, error) {
	result, err := s.store.List(ctx, account)
	return Listing{result.Live, result.Limit}, err
}
