package account

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"time"

	"streamgate/libs/fault"
)

// Source is where a password comes from.
type Source struct {
	Network string // of the client, such as an IPv4 address or the /64 of an IPv6 address
	Device  string // a secret that the client keeps; "" if it has none
}

// allowance is how many failures are allowed at once, and how long it takes until one of them is forgotten.
type allowance struct {
	atOnce int
	each   time.Duration
}

var (
	// ofAccount bounds the guesses at an account by strangers, all together, and by each source that it knows: ten at once, ten an
	// hour. A person who has forgotten a password tries fewer than ten.
	ofAccount = allowance{10, 6 * time.Minute}
	// ofNetwork bounds the guesses of a network at all accounts. The people behind one address share it.
	ofNetwork = allowance{20, 3 * time.Second}
)

const (
	// knownFor is how long a source is known after the last sign-in from there.
	knownFor = 180 * 24 * time.Hour
)

// wait returns how long a source has to wait before its next guess, given when all its failures will be forgotten.
func (a allowance) wait(forgotten, now time.Time) time.Duration {
	return forgotten.Sub(now.Add(time.Duration(a.atOnce-1) * a.each))
}

// attempt is a password that is about to be checked. Whether its account exists makes no difference to what is read and written.
type attempt struct {
	network       string // key of the network's failures
	guessed       string // key of the failures that count for the account
	places        [2]string
	known, locked bool
	wait          time.Duration // of a network that guessed too often
}

// attempting reads how often the account and the source have failed.
func (a *Accounts) attempting(ctx context.Context, canonical string, from Source) (attempt, error) {
	t := attempt{
		network: guessKey("network", from.Network), guessed: guessKey("account", canonical),
		places: [2]string{guessKey("device", canonical, from.Device), guessKey("place", canonical, from.Network)},
	}
	guesses, err := a.guesses.Guesses(ctx, t.network, t.guessed, t.places[0], t.places[1])
	if err != nil {
		return attempt{}, err
	}
	for _, place := range t.places {
		if guesses[place].Known { // the failures of others don't count then
			t.guessed, t.known = place, true
			break
		}
	}
	now := a.now()
	t.locked = ofAccount.wait(guesses[t.guessed].Forgotten, now) > 0
	if !t.known {
		t.wait = ofNetwork.wait(guesses[t.network].Forgotten, now)
	}
	return t, nil
}

// failed counts a wrong password. What isn't counted is written all the same, so that the time doesn't tell: guesses
// during a lock don't lengthen it, and those of a source that is known concern its own count alone.
func (a *Accounts) failed(ctx context.Context, t attempt) error {
	each := map[string]time.Duration{t.guessed: ofAccount.each, t.network: ofNetwork.each}
	if t.locked {
		each[t.guessed] = 0
	}
	if t.known {
		each[t.network] = 0
	}
	return a.guesses.CountGuess(ctx, a.now(), each)
}

// remember makes a source known to an account.
func (a *Accounts) remember(ctx context.Context, canonical string, from Source) {
	places := []string{guessKey("place", canonical, from.Network)}
	if from.Device != "" {
		places = append(places, guessKey("device", canonical, from.Device))
	}
	if err := a.guesses.Remember(ctx, a.now().Add(knownFor), places...); err != nil {
		a.log.WarnContext(ctx, "the source of a sign-in is not remembered", "error", err) // which is no reason to refuse it
	}
}

// forgive forgets the failures of strangers, since the password that they guessed at is another.
func (a *Accounts) forgive(ctx context.Context, canonical string) {
	if err := a.guesses.ForgetGuesses(ctx, guessKey("account", canonical)); err != nil {
		a.log.WarnContext(ctx, "failed sign-ins are not forgotten", "error", err)
	}
}

// ForgetGuesses removes the failed sign-ins that have aged.
func (a *Accounts) ForgetGuesses(ctx context.Context) error {
	return a.guesses.ForgetOlder(ctx, a.now())
}

func tooManyGuesses(wait time.Duration) error {
	detail := "Too many failed sign-ins from your network; wait before the next one."
	return fault.New(fault.TooManyRequests, "too_many_attempts", detail).After(wait)
}

// guessKey hides addresses, so that a reader of the store finds neither who was tried nor where people are.
func guessKey(kind string, parts ...string) string {
	hash := sha256.New()
	for _, part := range parts {
		hash.Write([]byte(part))
		hash.Write([]byte{0})
	}
	return kind + ":" + base64.RawURLEncoding.EncodeToString(hash.Sum(nil)[:16])
}
