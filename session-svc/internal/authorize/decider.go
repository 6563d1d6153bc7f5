package authorize

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"time"
	"unicode/utf8"

	lru "github.com/hashicorp/golang-lru/v2"
	"github.com/prometheus/client_golang/prometheus"
	"golang.org/x/sync/singleflight"

	"streamgate/libs/delivery"
	"streamgate/libs/fault"
	"streamgate/libs/grant"
	"streamgate/libs/pace"
	"streamgate/session-svc/internal/session"
	"streamgate/session-svc/internal/stream"
)

const (
	// remembered is how many players with tokens are remembered, the last that asked. What is forgotten is only started again, as the same
	// stream.
	remembered = 32 << 10
	// unpaced is further ahead of play than any stream is: where in the film a request is, nobody says, so that it can't be paced.
	unpaced = 10_000 * time.Hour
)

// The answers to a request by what it comes with.
var (
	// ErrGrant is the answer to a text that is no grant of ours.
	ErrGrant = fault.New(fault.Unauthenticated, "invalid_grant", "The grant is not valid; start a stream.").Challenging(fault.InvalidTokenChallenge)
	// ErrForgotten is the answer for a stream that ended or lapsed long ago.
	ErrForgotten = fault.New(fault.Gone, "stream_not_found", "There is no such stream any more; start a new one to play on.")
)

// Starter starts streams, as stream.Streams does.
type Starter interface {
	Start(ctx context.Context, caller stream.Caller, o stream.Options) (stream.Playing, error)
}

// Options are what a decider works with.
type Options struct {
	Authority delivery.Authority
	Starter   Starter
	Changes   stream.Changes
	Grants    grant.Keys
	Rules     stream.Rules
	Registry  *prometheus.Registry
	Now       func() time.Time
}

// Decider decides. It is safe for concurrent use.
type Decider struct {
	Options

	keeper   *delivery.Keeper
	started  *lru.Cache[viewing, *viewer]
	starting singleflight.Group
	outcomes *prometheus.CounterVec
}

// viewing tells players with tokens apart.
type viewing struct {
	account         string
	session         session.ID
	limit           int
	evicts          bool
	content, player string
}

// viewer is what is remembered of a player with a token: its stream, or why it has none and until when that holds.
type viewer struct {
	grant   grant.Grant
	stream  *delivery.Stream
	refused error
	until   time.Time
}

// New makes a decider that remembers nothing yet. It learns of ends only while Run runs.
func New(o Options) *Decider {
	started, err := lru.New[viewing, *viewer](remembered)
	if err != nil {
		panic(err) // only for a size below one
	}
	d := &Decider{
		Options: o, started: started,
		keeper: delivery.NewKeeper(o.Authority, pace.Rules{Ahead: unpaced, First: unpaced}, delivery.Patience{}, o.Now),
		outcomes: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "authorizations_total", Help: "Decisions on requests that other servers asked about, by outcome.",
		}, []string{"outcome"}),
	}
	o.Registry.MustRegister(d.outcomes)
	for _, outcome := range []string{allowed, unauthenticated, forbidden, ended, unavailable, other} {
		d.outcomes.WithLabelValues(outcome)
	}
	return d
}

// Run asks about streams in time, and learns of ends, until ctx ends.
func (d *Decider) Run(ctx context.Context) {
	ends, stop := d.Changes.WatchEnds()
	defer stop()
	go d.keeper.Run(ctx)
	for {
		select {
		case <-ctx.Done():
			return
		case id := <-ends:
			if id == stream.AnyStream {
				d.keeper.Missed() //nolint:contextcheck // a call serves many streams, and is bounded by the authority
			} else {
				d.keeper.Ended(id.String()) //nolint:contextcheck // the same
			}
		}
	}
}

// Decision is what a request was allowed as.
type Decision struct {
	Stream, Account, Session, Content string

	Started time.Time // of the stream
}

// ByGrant decides about a request that comes with a grant. Its error says why it may not be answered: ErrGrant, that it is for something
// else, or what delivery.Stream says.
func (d *Decider) ByGrant(ctx context.Context, text string, r Request) (Decision, error) {
	g, err := d.Grants.Read(text) // for how long it is good, the store says
	if err != nil {
		return d.counted(Decision{}, ErrGrant)
	}
	if err := r.opened(&g); err != nil {
		return d.counted(Decision{}, err)
	}
	return d.counted(of(&g), admit(ctx, d.keeper.Stream(text, &g), r.Film))
}

// ByToken decides about a request of a caller whose token is good, and starts its stream at first sight. Its error is also one of a start.
func (d *Decider) ByToken(ctx context.Context, caller stream.Caller, r Request) (Decision, error) {
	if !r.clean() {
		return d.counted(Decision{}, ErrPath)
	}
	key := viewing{caller.Account, caller.Session, caller.Limit, caller.Evicts, r.Named(), r.Player}
	switch {
	case key.content == "":
		return d.counted(Decision{}, ErrUnnamed)
	case utf8.RuneCountInString(r.Player) > stream.MaxPlayer || !utf8.ValidString(r.Player):
		return d.counted(Decision{}, fault.BadField("player", "must be at most %d characters of UTF-8", stream.MaxPlayer))
	}
	for again := false; ; again = true {
		v := d.known(key)
		if v == nil {
			v = d.start(ctx, caller, key)
		}
		if v.refused != nil {
			return d.counted(Decision{}, v.refused)
		}
		err := admit(ctx, v.stream, r.Film)
		switch {
		case fault.KindOf(err) != fault.Gone:
		case err == ErrForgotten && !again: //nolint:errorlint // itself: the store has forgotten it, so that the token starts a new one
			d.started.Remove(key)
			continue
		default:
			d.started.Add(key, &viewer{refused: err, until: d.Now().Add(d.Rules.Remember)})
		}
		return d.counted(of(&v.grant), err)
	}
}

// known returns what is remembered of a player and still holds, or nil.
func (d *Decider) known(key viewing) *viewer {
	v, ok := d.started.Get(key)
	if !ok || v.refused != nil && !d.Now().Before(v.until) {
		return nil
	}
	return v
}

// start starts the stream of a player. Callers at the same time share one start.
func (d *Decider) start(ctx context.Context, caller stream.Caller, key viewing) *viewer {
	// The stream's name, which is the same on each replica.
	sum := sha256.Sum256([]byte("streamgate/authorize\x00" + key.content + "\x00" + key.player))
	name := hex.EncodeToString(sum[:])
	flight := key.account + key.session.String() + name
	found, _, _ := d.starting.Do(flight, func() (any, error) {
		if v := d.known(key); v != nil { // another start was over since the caller looked
			return v, nil
		}
		ctx := context.WithoutCancel(ctx) // others wait for the same answer; a start bounds itself
		playing, err := d.Starter.Start(ctx, caller, stream.Options{Content: key.content, Player: name, Key: name})
		v := &viewer{refused: err, until: d.Now().Add(delivery.RefusedFor)}
		if err == nil {
			if v.grant, err = d.Grants.Read(playing.Ticket); err != nil {
				v.refused = err // not what the starter promises
			}
			v.stream = d.keeper.Stream(playing.Ticket, &v.grant)
		}
		d.started.Add(key, v)
		return v, nil
	})
	return found.(*viewer) //nolint:forcetypeassert // as above
}

// admit asks whether a stream may be sent so much film now.
func admit(ctx context.Context, s *delivery.Stream, film time.Duration) error {
	var err error
	if film > 0 {
		err = s.Admit(ctx, pace.Piece{Duration: film, Unplaced: true})
	} else {
		err = s.Check(ctx)
	}
	if err == delivery.ErrUnknown { //nolint:errorlint // itself
		return ErrForgotten // 404 is what the server says of its files
	}
	return err
}

func of(g *grant.Grant) Decision {
	return Decision{g.Stream, g.Account, g.Session, g.Content, g.Started}
}

// The outcomes of decisions.
const (
	allowed         = "allowed"
	unauthenticated = "unauthenticated"
	forbidden       = "forbidden"
	ended           = "ended"
	unavailable     = "unavailable"
	other           = "other"
)

func (d *Decider) counted(decision Decision, err error) (Decision, error) {
	outcome := other
	switch kind := fault.KindOf(err); {
	case err == nil:
		outcome = allowed
	case kind == fault.Unauthenticated:
		outcome = unauthenticated
	case kind == fault.Forbidden:
		outcome = forbidden
	case kind == fault.Gone:
		outcome = ended
	case kind == fault.Unavailable:
		outcome = unavailable
	}
	d.outcomes.WithLabelValues(outcome).Inc()
	return decision, err
}
