package storetest

import (
	"errors"
	"fmt"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"streamgate/libs/listing"
	"streamgate/libs/testkit"
	"streamgate/user-svc/internal/account"
)

// Stores is what the suite tests.
type Stores interface {
	account.Store
	account.ResetStore
	account.GuessStore
	account.EndStore
}

// Run tests stores against the contracts of account.Store, account.ResetStore, account.GuessStore and account.EndStore. Open returns empty ones.
func Run(t *testing.T, open func(t *testing.T) Stores) {
	t.Helper()
	testkit.Suite(t, open, map[string]func(*testing.T, Stores){
		"insert and find":                         insertAndFind,
		"one account per address":                 oneAccountPerAddress,
		"update changes what is given":            updateChangesWhatIsGiven,
		"update only if the password is the same": updateOnlyIfThePasswordIsTheSame,
		"guesses are counted and forgotten":       guessesAreCounted,
		"all of many guesses at once are counted": allGuessesAreCounted,
		"delete":                                     deleteAccount,
		"list in pages":                              listInPages,
		"list what is looked for":                    listWhatIsLookedFor,
		"one reset per account, seldom":              oneResetPerAccount,
		"a number of resets a day":                   resetsPerDay,
		"a reset expires":                            resetExpires,
		"a reset is redeemed once":                   resetIsRedeemedOnce,
		"a reset goes with the password and account": resetGoesAway,
		"sessions are recorded and ended":            sessionsAreRecorded,
		"ends of other issuers' accounts":            endsAreRecorded,
		"one of many saves ends":                     oneOfManySavesEnds,
	})
}

// epoch is a time as the domain passes it to stores.
var epoch = time.Date(2026, 1, 2, 3, 4, 5, 678_000_000, time.UTC)

func newAccount(name string) account.Account {
	return account.Account{
		Email: name + "@Example.com", CanonicalEmail: strings.ToLower(name) + "@example.com", Name: name, Picture: "https://example.com/" + name,
		Role: account.User, Plan: account.DefaultPlan, PasswordHash: "hash of " + name, CreatedAt: epoch, UpdatedAt: epoch,
	}
}

// onlyOne returns the number of the attempt that succeeded. The others must have found nothing.
func onlyOne(t *testing.T, errs []error) int {
	t.Helper()
	won := slices.Index(errs, nil)
	if won < 0 {
		t.Fatalf("no attempt succeeded: %v", errs)
	}
	for i, err := range errs {
		if i != won {
			wantNotFound(t, err)
		}
	}
	return won
}

func insert(t *testing.T, s Stores, a account.Account) account.Account {
	t.Helper()
	inserted, err := s.Insert(t.Context(), a)
	if err != nil {
		t.Fatal(err)
	}
	return inserted
}

func byID(t *testing.T, s Stores, id string) account.Account {
	t.Helper()
	a, err := s.ByID(t.Context(), id)
	if err != nil {
		t.Fatal(err)
	}
	return a
}

func wantNotFound(t *testing.T, err error) {
	t.Helper()
	if !errors.Is(err, account.ErrNotFound) {
		t.Fatalf("error %v, want ErrNotFound", err)
	}
}

func insertAndFind(t *testing.T, s Stores) {
	want := newAccount("Ada")
	got := insert(t, s, want)
	if want.ID = got.ID; !regexp.MustCompile(`^[0-9a-f]{24}$`).MatchString(got.ID) || got != want {
		t.Fatalf("inserted %+v, want %+v", got, want)
	}
	if found := byID(t, s, got.ID); found != want {
		t.Errorf("by id %+v, want %+v", found, want)
	}
	if found, err := s.ByEmail(t.Context(), "ada@example.com"); err != nil || found != want {
		t.Errorf("by address %+v, %v, want %+v", found, err, want)
	}
	for _, id := range []string{"", "x", strings.ToUpper(got.ID), got.ID + "0", "000000000000000000000000"} {
		if strings.ToUpper(got.ID) == got.ID && id == got.ID {
			continue // an id without letters
		}
		_, err := s.ByID(t.Context(), id)
		wantNotFound(t, err)
	}
	for _, address := range []string{"", "Ada@example.com", "ada@example", "ad"} {
		_, err := s.ByEmail(t.Context(), address)
		wantNotFound(t, err)
	}
}

func oneAccountPerAddress(t *testing.T, s Stores) {
	const tries = 16
	errs := atOnce(tries, func(i int) error {
		a := newAccount("ada")
		a.Email = fmt.Sprintf("ada%d", i)
		_, err := s.Insert(t.Context(), a)
		return err
	})
	taken := 0
	for _, err := range errs {
		switch {
		case errors.Is(err, account.ErrEmailTaken):
			taken++
		case err != nil:
			t.Error(err)
		}
	}
	if taken != tries-1 {
		t.Errorf("%d of %d refused, want all but one", taken, tries)
	}
	if _, total, err := s.List(t.Context(), page(1, 1)); err != nil || total != 1 {
		t.Errorf("%d accounts, %v, want 1", total, err)
	}
}

func updateChangesWhatIsGiven(t *testing.T, s Stores) {
	other := insert(t, s, newAccount("other"))
	want := insert(t, s, newAccount("ada"))
	name, picture, role, hash, until := "Countess", "http://example.com/c", account.Admin, "another", epoch.Add(time.Minute)
	plan := account.Plan{MaxStreams: 7, OnLimit: account.EvictOldest, Pause: new(time.Duration(0))}
	for _, step := range []struct {
		change account.Change
		apply  func()
	}{
		{account.Change{}, func() {}},
		{account.Change{Name: &name}, func() { want.Name = name }},
		{account.Change{Picture: &picture, At: until}, func() { want.Picture, want.UpdatedAt = picture, until }},
		{account.Change{Role: &role}, func() { want.Role = role }},
		{account.Change{Plan: &plan}, func() { want.Plan = plan }},
		{account.Change{PasswordHash: &hash}, func() { want.PasswordHash = hash }},
		{account.Change{SignedIn: true}, func() { want.SignedIn = true }},
		{account.Change{WithdrawReset: true}, func() {}},
	} {
		step.apply()
		if got, err := s.Update(t.Context(), want.ID, step.change); err != nil || !reflect.DeepEqual(got, want) {
			t.Fatalf("%+v gives %+v, %v, want %+v", step.change, got, err, want)
		}
		if got := byID(t, s, want.ID); !reflect.DeepEqual(got, want) {
			t.Fatalf("%+v leaves %+v, want %+v", step.change, got, want)
		}
	}
	if got := byID(t, s, other.ID); got != other {
		t.Errorf("another account became %+v", got)
	}
	for _, id := range []string{"x", "000000000000000000000000"} {
		_, err := s.Update(t.Context(), id, account.Change{Name: &name})
		wantNotFound(t, err)
	}
}

func updateOnlyIfThePasswordIsTheSame(t *testing.T, s Stores) {
	a := insert(t, s, newAccount("ada"))
	const tries = 8
	errs := atOnce(tries, func(i int) error {
		hash := fmt.Sprint("new", i)
		_, err := s.Update(t.Context(), a.ID, account.Change{PasswordHash: &hash, IfPasswordHash: a.PasswordHash})
		return err
	})
	won := onlyOne(t, errs)
	if got := byID(t, s, a.ID).PasswordHash; got != fmt.Sprint("new", won) {
		t.Errorf("hash %s, want new%d", got, won)
	}
}

func guessesAreCounted(t *testing.T, s Stores) {
	count := func(at time.Time, each map[string]time.Duration) {
		t.Helper()
		if err := s.CountGuess(t.Context(), at, each); err != nil {
			t.Fatal(err)
		}
	}
	want := func(key string, want account.Guesses) {
		t.Helper()
		got, err := s.Guesses(t.Context(), key, "another")
		if err != nil || !got[key].Forgotten.Equal(want.Forgotten) || got[key].Known != want.Known {
			t.Fatalf("%s: %+v, %v, want %+v", key, got[key], err, want)
		}
	}
	want("a", account.Guesses{})
	count(epoch, map[string]time.Duration{"a": time.Minute, "b": time.Second})
	count(epoch, map[string]time.Duration{"a": time.Minute})
	want("a", account.Guesses{Forgotten: epoch.Add(2 * time.Minute)})
	want("b", account.Guesses{Forgotten: epoch.Add(time.Second)})
	count(epoch.Add(time.Minute), map[string]time.Duration{"a": time.Minute, "b": time.Second, "c": 0})
	want("a", account.Guesses{Forgotten: epoch.Add(3 * time.Minute)})
	want("b", account.Guesses{Forgotten: epoch.Add(61 * time.Second)})
	want("c", account.Guesses{Forgotten: epoch.Add(time.Minute)})
	if err := s.Remember(t.Context(), epoch.Add(time.Hour), "a", "d"); err != nil {
		t.Fatal(err)
	}
	want("a", account.Guesses{Forgotten: epoch.Add(3 * time.Minute), Known: true})
	want("d", account.Guesses{Known: true, Forgotten: time.UnixMilli(0)})
	if err := s.ForgetOlder(t.Context(), epoch.Add(61*time.Second)); err != nil {
		t.Fatal(err)
	}
	want("a", account.Guesses{Forgotten: epoch.Add(3 * time.Minute), Known: true})
	want("b", account.Guesses{Forgotten: epoch.Add(61 * time.Second)})
	want("c", account.Guesses{})
	if err := s.ForgetOlder(t.Context(), epoch.Add(time.Hour+time.Second)); err != nil {
		t.Fatal(err)
	}
	want("a", account.Guesses{})
	want("d", account.Guesses{})
	count(epoch, map[string]time.Duration{"a": time.Minute})
	if err := s.ForgetGuesses(t.Context(), "a"); err != nil {
		t.Fatal(err)
	}
	want("a", account.Guesses{})
}

func allGuessesAreCounted(t *testing.T, s Stores) {
	const tries = 24
	for _, err := range atOnce(tries, func(int) error {
		return s.CountGuess(t.Context(), epoch, map[string]time.Duration{"a": time.Minute, "b": time.Second})
	}) {
		if err != nil {
			t.Error(err)
		}
	}
	got, err := s.Guesses(t.Context(), "a", "b")
	if err != nil || !got["a"].Forgotten.Equal(epoch.Add(tries*time.Minute)) || !got["b"].Forgotten.Equal(epoch.Add(tries*time.Second)) {
		t.Errorf("%d guesses make %+v, %v", tries, got, err)
	}
}

func deleteAccount(t *testing.T, s Stores) {
	a, other := insert(t, s, newAccount("ada")), insert(t, s, newAccount("other"))
	if err := s.Delete(t.Context(), a.ID); err != nil {
		t.Fatal(err)
	}
	_, err := s.ByID(t.Context(), a.ID)
	wantNotFound(t, err)
	wantNotFound(t, s.Delete(t.Context(), a.ID))
	wantNotFound(t, s.Delete(t.Context(), "x"))
	byID(t, s, other.ID)
	insert(t, s, newAccount("ada")) // the address is free again
}

func page(number, limit int, sort ...listing.SortKey) account.Query {
	return account.Query{Query: listing.Query{Page: number, Limit: limit, Sort: sort}}
}

func listInPages(t *testing.T, s Stores) {
	var ids []string
	for i, name := range []string{"c", "a", "b", "a2", "d"} {
		a := newAccount(name)
		a.CreatedAt = epoch.Add(time.Duration(i/2) * time.Second) // pairs of equals
		ids = append(ids, insert(t, s, a).ID)
	}
	c, a, b, a2, d := ids[0], ids[1], ids[2], ids[3], ids[4]
	first, second := slices.Sorted(slices.Values(ids[:2])), slices.Sorted(slices.Values(ids[2:4])) // equals are in the order of their ids
	newest := listing.SortKey{Field: "createdAt", Descending: true}
	for _, test := range []struct {
		query account.Query
		want  []string
	}{
		{page(1, 10, newest), slices.Concat([]string{d}, second, first)},
		{page(1, 2, newest), []string{d, second[0]}},
		{page(2, 2, newest), []string{second[1], first[0]}},
		{page(3, 2, newest), []string{first[1]}},
		{page(4, 2, newest), nil},
		{page(1, 10, listing.SortKey{Field: "name"}), []string{a, a2, b, c, d}},
		{page(1, 10, listing.SortKey{Field: "email", Descending: true}), []string{d, c, b, a, a2}},
		{page(1, 10, listing.SortKey{Field: "createdAt"}, listing.SortKey{Field: "name"}), []string{a, c, a2, b, d}},
	} {
		got, total, err := s.List(t.Context(), test.query)
		if err != nil || total != 5 || !slices.Equal(idsOf(got), test.want) {
			t.Errorf("%+v gives %v of %d, %v, want %v", test.query, idsOf(got), total, err, test.want)
		}
	}
}

func listWhatIsLookedFor(t *testing.T, s Stores) {
	ada, grace := newAccount("ada"), newAccount("grace")
	ada.Name, grace.Name, grace.Role = "Countess (of Lovelace)", "Rear Admiral", account.Admin
	grace.CreatedAt = ada.CreatedAt.Add(time.Second)
	ada, grace = insert(t, s, ada), insert(t, s, grace)
	for q, want := range map[string][]string{
		"":           {ada.ID, grace.ID},
		"ADA@":       {ada.ID},
		"countess":   {ada.ID},
		"(of":        {ada.ID},
		"example":    {ada.ID, grace.ID},
		".*":         nil,
		"hash of":    nil,
		"rear admir": {grace.ID},
	} {
		query := page(1, 10, listing.SortKey{Field: "createdAt"})
		query.Q = q
		got, total, err := s.List(t.Context(), query)
		if err != nil || int(total) != len(want) || !slices.Equal(idsOf(got), want) {
			t.Errorf("%q gives %v of %d, %v, want %v", q, idsOf(got), total, err, want)
		}
	}
	query := page(1, 10)
	query.Role = account.Admin
	if got, total, err := s.List(t.Context(), query); err != nil || total != 1 || !slices.Equal(idsOf(got), []string{grace.ID}) {
		t.Errorf("administrators: %v of %d, %v", idsOf(got), total, err)
	}
}

func newReset(hash string, requested time.Time) account.Reset {
	return account.Reset{Hash: []byte(hash), Requested: requested, Expires: requested.Add(time.Hour)}
}

func save(t *testing.T, s Stores, id string, r account.Reset, want bool) {
	t.Helper()
	if saved, err := s.SaveReset(t.Context(), id, r); err != nil || saved != want {
		t.Fatalf("saved %t, %v, want %t", saved, err, want)
	}
}

func oneResetPerAccount(t *testing.T, s Stores) {
	a, b := insert(t, s, newAccount("a")), insert(t, s, newAccount("b"))
	save(t, s, a.ID, newReset("first", epoch), true)
	save(t, s, a.ID, newReset("too soon", epoch.Add(59*time.Second)), false)
	save(t, s, b.ID, newReset("another's", epoch), true)
	save(t, s, a.ID, newReset("second", epoch.Add(time.Minute)), true)
	for _, id := range []string{"x", "000000000000000000000000"} {
		save(t, s, id, newReset("no account's", epoch), false)
	}
	for hash, want := range map[string]string{"second": a.ID, "another's": b.ID, "first": "", "too soon": "", "no account's": "", "": ""} {
		id, _, err := s.ByReset(t.Context(), []byte(hash), epoch)
		if want == "" {
			wantNotFound(t, err)
		} else if err != nil || id != want {
			t.Errorf("%s is of %s, %v, want %s", hash, id, err, want)
		}
	}
	if got := byID(t, s, a.ID); got != a {
		t.Errorf("account became %+v", got)
	}
}

func resetsPerDay(t *testing.T, s Stores) {
	a, b := insert(t, s, newAccount("a")), insert(t, s, newAccount("b"))
	name := "Ada"
	for day := range 3 {
		at := epoch.Add(time.Duration(day) * 24 * time.Hour)
		for i := range account.ResetsPerDay {
			save(t, s, a.ID, newReset(fmt.Sprint(day, i), at), true)
			at = at.Add(account.ResetPause)
		}
		// Neither a change of the account nor the use of a reset starts another day.
		if _, err := s.Update(t.Context(), a.ID, account.Change{Name: &name, WithdrawReset: true}); err != nil {
			t.Fatal(err)
		}
		save(t, s, a.ID, newReset("one too many", at), false)
		save(t, s, a.ID, newReset("one too many", epoch.Add(time.Duration(day+1)*24*time.Hour-time.Millisecond)), false)
		save(t, s, b.ID, newReset("another's", at), true)
	}
	if got := byID(t, s, a.ID); got.Name != name {
		t.Errorf("account became %+v", got)
	}
}

func resetExpires(t *testing.T, s Stores) {
	a := insert(t, s, newAccount("a"))
	r := newReset("token", epoch)
	save(t, s, a.ID, r, true)
	id, expires, err := s.ByReset(t.Context(), r.Hash, r.Expires.Add(-time.Millisecond))
	if err != nil || id != a.ID || !expires.Equal(r.Expires) {
		t.Errorf("%s until %v, %v", id, expires, err)
	}
	_, _, err = s.ByReset(t.Context(), r.Hash, r.Expires)
	wantNotFound(t, err)
	_, err = s.Redeem(t.Context(), r.Hash, r.Expires, "new hash")
	wantNotFound(t, err)
	if got := byID(t, s, a.ID); got != a {
		t.Errorf("account became %+v", got)
	}
}

func resetIsRedeemedOnce(t *testing.T, s Stores) {
	a := insert(t, s, newAccount("a"))
	r := newReset("token", epoch)
	save(t, s, a.ID, r, true)
	errs := atOnce(8, func(i int) error {
		_, err := s.Redeem(t.Context(), r.Hash, epoch, fmt.Sprint("new", i))
		return err
	})
	won := onlyOne(t, errs)
	want := a
	want.PasswordHash = fmt.Sprint("new", won)
	if got := byID(t, s, a.ID); got != want {
		t.Errorf("account %+v, want %+v", got, want)
	}
	_, _, err := s.ByReset(t.Context(), r.Hash, epoch)
	wantNotFound(t, err)
}

func resetGoesAway(t *testing.T, s Stores) {
	a := insert(t, s, newAccount("a"))
	r := newReset("token", epoch)
	save(t, s, a.ID, r, true)
	if _, err := s.Update(t.Context(), a.ID, account.Change{WithdrawReset: true}); err != nil {
		t.Fatal(err)
	}
	_, _, err := s.ByReset(t.Context(), r.Hash, epoch)
	wantNotFound(t, err)
	save(t, s, a.ID, r, true)
	if err := s.Delete(t.Context(), a.ID); err != nil {
		t.Fatal(err)
	}
	_, err = s.Redeem(t.Context(), r.Hash, epoch, "new")
	wantNotFound(t, err)
}

func idsOf(accounts []account.Account) []string {
	var ids []string
	for _, a := range accounts {
		ids = append(ids, a.ID)
	}
	return ids
}

// atOnce calls f that many times at the same time, and returns the errors by number.
func atOnce(times int, f func(i int) error) []error {
	errs := make([]error, times)
	var group sync.WaitGroup
	start := make(chan struct{})
	for i := range times {
		group.Go(func() {
			<-start
			errs[i] = f(i)
		})
	}
	close(start)
	group.Wait()
	return errs
}
