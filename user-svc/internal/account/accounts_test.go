package account_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"streamgate/libs/fault"
	"streamgate/libs/testkit"
	"streamgate/user-svc/internal/account"
	"streamgate/user-svc/internal/mongostore"
	"streamgate/user-svc/internal/password"
	"streamgate/user-svc/internal/sessionsvc"
	"streamgate/user-svc/internal/sessionsvc/sessionsvctest"
)

// cheap are the costs of a fast hash: these tests are about time in minutes.
var cheap = password.Params{Memory: 64, Time: 1, Parallelism: 1}

// domain is the domain over a real store, with its own clock and mailbox.
type domain struct {
	*account.Accounts

	t        *testing.T
	store    *mongostore.Store
	sessions *sessionsvctest.StandIn
	mail     chan string // tokens

	mu  sync.Mutex
	now time.Time
}

func newDomain(t *testing.T) *domain {
	t.Helper()
	uri, database := testkit.Mongo(t)
	db := testkit.OpenMongo(t, uri, database)
	d := &domain{t: t, store: mongostore.New(db), sessions: sessionsvctest.New(t), mail: make(chan string, 1000), now: time.Now()}
	if err := d.store.Indexes().Do(t.Context()); err != nil {
		t.Fatal(err)
	}
	d.Accounts = d.with(cheap)
	return d
}

// with returns the domain with these hashing costs.
func (d *domain) with(params password.Params) *account.Accounts { return d.over(d.store, params) }

func (d *domain) over(store account.Store, params password.Params) *account.Accounts {
	guesses, ok := store.(account.GuessStore)
	if !ok {
		guesses = d.store
	}
	return account.New(account.Options{
		Store: store, Resets: d.store, Guesses: guesses, Ends: d.store, Passwords: password.NewHasher(params, func(time.Duration) {}),
		Sessions: sessionsvc.NewClient(d.sessions.URL, []string{sessionsvctest.Secret}), Mailer: d, Log: testkit.Logger(d.t), Now: d.clock,
	})
}

// SendReset implements account.Mailer.
func (d *domain) SendReset(_ context.Context, _, token string, _ time.Time) error {
	d.mail <- token
	return nil
}

func (d *domain) clock() time.Time {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.now
}

func (d *domain) pass(by time.Duration) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.now = d.now.Add(by)
}

func (d *domain) signUp(email string) account.Account {
	d.t.Helper()
	a, err := d.SignUp(d.t.Context(), account.Registration{Email: email, Password: "right one", From: home})
	if err != nil {
		d.t.Fatal(err)
	}
	return a
}

func (d *domain) signIn(email, password string) error {
	_, _, err := d.SignIn(d.t.Context(), email, password, "device", home)
	return err
}

func wantRefusal(t *testing.T, err error, want account.Refusal) {
	t.Helper()
	refusal, _ := errors.AsType[account.Refusal](err)
	if !errors.Is(err, account.ErrInvalidCredentials) || refusal != want {
		t.Fatalf("error %v, want the refusal %s", err, want)
	}
}

// home is where the owners of these tests sign up.
var home = account.Source{Network: "192.0.2.1"}

// stranger returns a source that nobody knows.
func stranger(n int) account.Source { return account.Source{Network: fmt.Sprintf("203.0.113.%d", n)} }

func (d *domain) signInFrom(from account.Source, password string) error {
	_, _, err := d.SignIn(d.t.Context(), "ada@example.com", password, "device", from)
	return err
}

func (d *domain) guessAsStrangers(times int) {
	d.t.Helper()
	for n := range times {
		wantRefusal(d.t, d.signInFrom(stranger(n), "wrong one"), account.RefusedWrong)
	}
}

// After ten wrong passwords, one is forgotten every six minutes, whether or not strangers go on guessing meanwhile.
func TestGuessesAge(t *testing.T) {
	t.Parallel()
	d := newDomain(t)
	d.signUp("ada@example.com")
	d.guessAsStrangers(9)
	if err := d.signInFrom(stranger(100), "right one"); err != nil { // which is no failure
		t.Fatal(err)
	}
	d.guessAsStrangers(1)
	for range 3 {
		for n := range 5 {
			wantRefusal(t, d.signInFrom(stranger(n), "wrong one"), account.RefusedLocked)
		}
		d.pass(6*time.Minute - time.Millisecond)
		wantRefusal(t, d.signInFrom(stranger(101), "right one"), account.RefusedLocked)
		d.pass(time.Millisecond)
		d.guessAsStrangers(1)
	}
	d.pass(time.Hour)
	d.guessAsStrangers(9)
	if err := d.signInFrom(stranger(101), "right one"); err != nil {
		t.Error(err)
	}
}

// A source that the account knows has a count of its own, also where it is known by its device or by its network alone.
func TestKnownSources(t *testing.T) {
	t.Parallel()
	d := newDomain(t)
	d.signUp("ada@example.com")
	laptop := account.Source{Network: home.Network, Device: "laptop"}
	if err := d.signInFrom(laptop, "right one"); err != nil {
		t.Fatal(err)
	}
	d.guessAsStrangers(10)
	for range 10 { // somebody at home guesses
		wantRefusal(t, d.signInFrom(home, "wrong one"), account.RefusedWrong)
	}
	wantRefusal(t, d.signInFrom(home, "right one"), account.RefusedLocked)
	for _, from := range []account.Source{laptop, {Network: "198.51.100.1", Device: "laptop"}} {
		if err := d.signInFrom(from, "right one"); err != nil {
			t.Errorf("%+v: %v", from, err)
		}
	}
	wantRefusal(t, d.signInFrom(account.Source{Network: "198.51.100.2", Device: "another"}, "right one"), account.RefusedLocked)
	// Half a year after the last sign-in nobody is known.
	d.pass(181 * 24 * time.Hour)
	d.guessAsStrangers(10)
	d.ForgetOld()
	wantRefusal(t, d.signInFrom(laptop, "right one"), account.RefusedLocked)
}

// ForgetOld removes what has aged, as the service does every hour.
func (d *domain) ForgetOld() {
	d.t.Helper()
	if err := d.store.ForgetOlder(d.t.Context(), d.clock()); err != nil {
		d.t.Fatal(err)
	}
}

// counting counts what is asked of the store.
type counting struct {
	*mongostore.Store

	calls testkit.Journal
}

func (c *counting) ByEmail(ctx context.Context, canonical string) (account.Account, error) {
	c.calls.Add("ByEmail")
	return c.Store.ByEmail(ctx, canonical)
}

func (c *counting) ByID(ctx context.Context, id string) (account.Account, error) {
	c.calls.Add("ByID")
	return c.Store.ByID(ctx, id)
}

func (c *counting) Update(ctx context.Context, id string, change account.Change) (account.Account, error) {
	c.calls.Add("Update")
	return c.Store.Update(ctx, id, change)
}

func (c *counting) Guesses(ctx context.Context, keys ...string) (map[string]account.Guesses, error) {
	c.calls.Add(fmt.Sprintf("Guesses %d", len(keys)))
	return c.Store.Guesses(ctx, keys...)
}

func (c *counting) CountGuess(ctx context.Context, at time.Time, each map[string]time.Duration) error {
	c.calls.Add(fmt.Sprintf("CountGuess %d", len(each)))
	return c.Store.CountGuess(ctx, at, each)
}

// A refused sign-in takes the same steps whether the account exists, is locked, or knows the source, so that its time tells nothing.
func TestRefusalsTakeTheSameSteps(t *testing.T) {
	t.Parallel()
	d := newDomain(t)
	d.signUp("ada@example.com")
	c := &counting{Store: d.store}
	accounts := d.over(c, cheap)
	steps := func(email string, from account.Source, want account.Refusal) string {
		t.Helper()
		c.calls.Take()
		_, _, err := accounts.SignIn(t.Context(), email, "wrong one", "device", from)
		wantRefusal(t, err, want)
		return strings.Join(c.calls.Take(), ", ")
	}
	unknown := steps("nobody@example.com", stranger(200), account.RefusedUnknown)
	wrong := steps("ada@example.com", stranger(201), account.RefusedWrong)
	known := steps("ada@example.com", home, account.RefusedWrong)
	d.guessAsStrangers(9)
	locked := steps("ada@example.com", stranger(202), account.RefusedLocked)
	noAddress := steps("x", stranger(203), account.RefusedUnknown)
	for _, each := range []string{wrong, known, locked, noAddress} {
		if each != unknown {
			t.Errorf("%s, but for an unknown account %s", each, unknown)
		}
	}
}

// Replicas share the count, and simultaneous guesses are all counted.
func TestGuessesAtOnce(t *testing.T) {
	t.Parallel()
	d := newDomain(t)
	d.signUp("ada@example.com")
	replicas := []*account.Accounts{d.with(cheap), d.with(cheap)}
	var group sync.WaitGroup
	for i := range 20 {
		group.Go(func() {
			_, _, err := replicas[i%2].SignIn(t.Context(), "ada@example.com", "wrong one", "device", stranger(i))
			if !errors.Is(err, account.ErrInvalidCredentials) {
				t.Errorf("guess %d: %v", i, err)
			}
		})
	}
	group.Wait()
	for i, replica := range replicas {
		_, _, err := replica.SignIn(t.Context(), "ada@example.com", "right one", "device", stranger(100+i))
		wantRefusal(t, err, account.RefusedLocked)
	}
}

// A hash with costs other than today's stays valid, and a wrong password doesn't replace it: the next sign-in does.
func TestRehash(t *testing.T) {
	t.Parallel()
	d := newDomain(t)
	before := d.signUp("ada@example.com")
	dearer := d.with(password.Params{Memory: 128, Time: 2, Parallelism: 1})
	hash := func() string {
		t.Helper()
		a, err := d.store.ByID(t.Context(), before.ID)
		if err != nil {
			t.Fatal(err)
		}
		return a.PasswordHash
	}
	_, _, err := dearer.SignIn(t.Context(), "ada@example.com", "wrong one", "device", home)
	if wantRefusal(t, err, account.RefusedWrong); hash() != before.PasswordHash {
		t.Fatalf("hash %s", hash())
	}
	var group sync.WaitGroup
	for range 4 {
		group.Go(func() {
			if _, _, err := dearer.SignIn(t.Context(), "ada@example.com", "right one", "device", home); err != nil {
				t.Error(err)
			}
		})
	}
	group.Wait()
	renewed := hash()
	if !strings.Contains(renewed, "m=128,t=2") {
		t.Fatalf("hash %s", renewed)
	}
	if _, _, err := dearer.SignIn(t.Context(), "ada@example.com", "right one", "device", home); err != nil || hash() != renewed {
		t.Errorf("%v; hash %s, want %s", err, hash(), renewed)
	}
}

// overtaken is a store in which something happens just before an update.
type overtaken struct {
	account.Store

	before func(account.Change)
}

// Update implements account.Store.
func (s overtaken) Update(ctx context.Context, id string, change account.Change) (account.Account, error) {
	s.before(change)
	return s.Store.Update(ctx, id, change)
}

// A sign-in with the old password, about to renew its hash, doesn't undo a new password.
func TestRehashIsOvertaken(t *testing.T) {
	t.Parallel()
	d := newDomain(t)
	a := d.signUp("ada@example.com")
	dearer := d.over(overtaken{d.store, func(change account.Change) {
		if change.PasswordHash == nil {
			return
		}
		if _, err := d.ChangePassword(t.Context(), a.Email, "right one", "another one", account.Session{}, home); err != nil {
			t.Error(err)
		}
	}}, password.Params{Memory: 128, Time: 2, Parallelism: 1})
	_, _, err := dearer.SignIn(t.Context(), a.Email, "right one", "device", home)
	wantRefusal(t, err, account.RefusedWrong)
	if err := d.signIn(a.Email, "another one"); err != nil {
		t.Error(err)
	}
}

// When an account is deleted at the last moment of a sign-in, no session is left, and the answer is the usual refusal.
func TestSignInIsOvertakenByDeletion(t *testing.T) {
	t.Parallel()
	d := newDomain(t)
	a := d.signUp("ada@example.com")
	accounts := d.over(overtaken{d.store, func(change account.Change) {
		if !change.SignedIn {
			t.Errorf("changed %+v", change)
		}
		if err := d.Delete(t.Context(), a.ID); err != nil {
			t.Error(err)
		}
	}}, cheap)
	_, _, err := accounts.SignIn(t.Context(), a.Email, "right one", "device", home)
	wantRefusal(t, err, account.RefusedUnknown)
	if alive := d.sessions.Alive(a.ID); len(alive) != 0 {
		t.Errorf("sessions %+v left", alive)
	}
}

// Replicas that start at once create one administrator, and no start changes an existing account.
func TestEnsureAdmin(t *testing.T) {
	t.Parallel()
	d := newDomain(t)
	var group sync.WaitGroup
	for range 8 {
		group.Go(func() {
			if err := d.EnsureAdmin(t.Context(), "Admin@example.com", "first password"); err != nil {
				t.Error(err)
			}
		})
	}
	group.Wait()
	if err := d.signIn("admin@example.com", "first password"); err != nil {
		t.Fatal(err)
	}
	admin, err := d.store.ByEmail(t.Context(), "admin@example.com")
	if err != nil || admin.Role != account.Admin {
		t.Fatalf("account %+v, %v", admin, err)
	}
	if err := d.EnsureAdmin(t.Context(), "ADMIN@example.com", "second password"); err != nil {
		t.Fatal(err)
	}
	user := d.signUp("user@example.com")
	if err := d.EnsureAdmin(t.Context(), "user@example.com", "second password"); err != nil {
		t.Fatal(err)
	}
	for _, want := range []account.Account{admin, user} {
		if got, err := d.store.ByID(t.Context(), want.ID); err != nil || got != want {
			t.Errorf("account became %+v, %v, want %+v", got, err, want)
		}
	}
}

// SendResets sends all accepted mail before it returns, and requests beyond the bound of its queue are refused.
func TestSendResets(t *testing.T) {
	t.Parallel()
	d := newDomain(t)
	d.signUp("ada@example.com")
	accepted := 0
	for ; accepted < 10_000; accepted++ {
		if err := d.RequestReset(fmt.Sprintf("nobody%d@example.com", accepted)); err != nil {
			if fault.KindOf(err) != fault.Unavailable {
				t.Fatal(err)
			}
			break
		}
		if accepted == 100 {
			if err := d.RequestReset("ada@example.com"); err != nil {
				t.Fatal(err)
			}
		}
	}
	if accepted < 200 || accepted == 10_000 {
		t.Errorf("%d requests wait", accepted)
	}
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	d.SendResets(ended) // the service is ending already
	if len(d.mail) != 1 {
		t.Fatalf("%d mails, want ada's", len(d.mail))
	}
	if _, err := d.CheckReset(t.Context(), <-d.mail); err != nil {
		t.Error(err)
	}
}

// An account gets at most one mail a minute, and a link expires after an hour.
func TestResetsTakeTime(t *testing.T) {
	t.Parallel()
	d := newDomain(t)
	d.signUp("ada@example.com")
	ask := func() int {
		t.Helper()
		if err := d.RequestReset("ada@example.com"); err != nil {
			t.Fatal(err)
		}
		ended, cancel := context.WithCancel(t.Context())
		cancel()
		d.SendResets(ended)
		return len(d.mail)
	}
	if n := ask(); n != 1 {
		t.Fatalf("%d mails", n)
	}
	d.pass(time.Minute - time.Millisecond)
	if n := ask(); n != 1 {
		t.Fatalf("%d mails within a minute", n)
	}
	d.pass(time.Millisecond)
	if n := ask(); n != 2 {
		t.Fatalf("%d mails after a minute", n)
	}
	first, second := <-d.mail, <-d.mail
	if _, err := d.CheckReset(t.Context(), first); !errors.Is(err, account.ErrInvalidResetToken) {
		t.Errorf("the replaced link: %v", err)
	}
	d.pass(time.Hour - time.Millisecond)
	if _, err := d.CheckReset(t.Context(), second); err != nil {
		t.Error(err)
	}
	d.pass(time.Millisecond)
	if _, err := d.ResetPassword(t.Context(), second, "another one", home); !errors.Is(err, account.ErrInvalidResetToken) {
		t.Errorf("after an hour: %v", err)
	}
}
