package delivery_test

import (
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"streamgate/libs/delivery"
	"streamgate/libs/pace"
)

const segment = 6 * time.Second

func piece(n int) pace.Piece {
	return pace.Piece{Position: time.Duration(n) * segment, Duration: segment}
}

// fill fetches segments from the first on until one is not due, and returns its number.
func fill(t *testing.T, s *delivery.Stream) int {
	t.Helper()
	for n := 0; ; n++ {
		err := s.Admit(t.Context(), piece(n))
		if errors.Is(err, delivery.ErrEarly) {
			return n
		}
		want(t, err, nil)
	}
}

func TestAheadIsBounded(t *testing.T) {
	in(t, func(t *testing.T, _ *authority, k *delivery.Keeper) {
		s := stream(k, "one")
		n := fill(t, s)
		if ahead := time.Duration(n) * segment; ahead > pace.Usual.Ahead {
			t.Fatalf("%v at once", ahead)
		}
		// A request that is early is answered a second before the segment is due, and the next one gets it.
		began, first := time.Now(), n
		for time.Since(began) < 5*time.Minute {
			want(t, s.Admit(t.Context(), piece(n)), delivery.ErrEarly)
			pass(time.Second)
			want(t, s.Admit(t.Context(), piece(n)), nil)
			n++
		}
		if sent := time.Duration(n-first) * segment; sent < time.Since(began)-segment || sent > time.Since(began)+segment {
			t.Errorf("%v of film in %v", sent, time.Since(began))
		}
	})
}

func TestAnEarlyRequestIsNotHeldForLong(t *testing.T) {
	in(t, func(t *testing.T, _ *authority, k *delivery.Keeper) {
		s := stream(k, "one")
		long := pace.Piece{Duration: 2 * time.Minute}
		want(t, s.Admit(t.Context(), long), nil)
		long.Position = long.Duration
		began := time.Now()
		want(t, s.Admit(t.Context(), long), delivery.ErrEarly)
		if held := time.Since(began); held < 7*time.Second || held > 9*time.Second {
			t.Errorf("held for %v", held)
		}
	})
}

func TestWhatWasSentIsTold(t *testing.T) {
	in(t, func(t *testing.T, a *authority, k *delivery.Keeper) {
		s := stream(k, "one")
		n := fill(t, s)
		pass(ten) // and nothing is asked for any more
		var told time.Duration
		for _, q := range a.asked() {
			told += q.Sent
		}
		if sent := time.Duration(n) * segment; told != sent {
			t.Errorf("told of %v, sent %v", told, sent)
		}
	})
}

func TestWhatAFailedQuestionToldIsToldAgain(t *testing.T) {
	in(t, func(t *testing.T, a *authority, k *delivery.Keeper) {
		s := stream(k, "one")
		want(t, s.Admit(t.Context(), piece(0)), nil)
		a.says(errAway)
		pass(5 * time.Second)
		a.says(nil)
		want(t, s.Check(t.Context()), nil)
		pass(ten)
		questions := a.asked()
		if last := questions[len(questions)-1]; last.Sent != segment {
			t.Errorf("%+v", questions)
		}
	})
}

func TestDeliveryWaitsForTheBudget(t *testing.T) {
	in(t, func(t *testing.T, a *authority, k *delivery.Keeper) {
		a.credit = segment // and again after a second
		s := stream(k, "one")
		began, n := time.Now(), 0
		for ; n < 10; n++ {
			for {
				err := s.Admit(t.Context(), piece(n))
				if err == nil {
					break
				}
				want(t, err, delivery.ErrEarly)
				pass(time.Second)
			}
		}
		if took := time.Since(began); took < 5*time.Second {
			t.Errorf("ten segments in %v", took)
		}
		var credit time.Duration
		for _, q := range a.asked() {
			credit += min(q.Want, segment)
		}
		if credit < 10*segment {
			t.Errorf("%v of film for %v of credit", 10*segment, credit)
		}
	})
}

// What an ended stream might have been sent and was not goes back to its account, once; of one that lives on, it stays.
func TestAnEndGivesBackWhatWasNotSent(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		answer error
		back   int // questions with credit that goes back
	}{
		"it has ended": {errEnded, 1}, "it has not": {nil, 2}, "nobody answers": {errAway, 1},
	} {
		t.Run(name, func(t *testing.T) {
			in(t, func(t *testing.T, a *authority, k *delivery.Keeper) {
				s := stream(k, "one")
				want(t, s.Admit(t.Context(), piece(0)), nil)
				pass(ten) // what it wants beside is there
				var credit time.Duration
				for _, q := range a.asked() {
					credit += q.Want
				}
				credit -= segment
				a.says(c.answer)
				k.Ended("one")
				pass(time.Second)
				a.says(nil)
				k.Ended("one")
				pass(time.Second)
				back := 0
				for _, q := range a.asked() {
					if q.Want < 0 {
						back++
						if q.Want != -credit {
							t.Errorf("%v goes back, want %v", -q.Want, credit)
						}
					}
				}
				if back != c.back {
					t.Errorf("%d questions with what goes back, want %d", back, c.back)
				}
			})
		})
	}
}

// While nobody answers, there is no credit to be had: the pace goes on by itself.
func TestPaceGoesOnWhileNobodyAnswers(t *testing.T) {
	in(t, func(t *testing.T, a *authority, k *delivery.Keeper) {
		a.says(errAway)
		s := stream(k, "one")
		if n := fill(t, s); time.Duration(n)*segment <= pace.Usual.Ahead-segment {
			t.Errorf("%d segments", n)
		}
	})
}

func TestAFilmInOneFileFlows(t *testing.T) {
	in(t, func(t *testing.T, _ *authority, k *delivery.Keeper) {
		s := stream(k, "one")
		began := time.Now()
		for n := range 100 {
			p := pace.Piece{Position: time.Duration(n) * time.Second, Duration: time.Second, Whole: true}
			want(t, s.Flow(t.Context(), p), nil)
		}
		if took := time.Since(began); took < 54*time.Second || took > 60*time.Second {
			t.Errorf("100 s of film in %v, want 30 s at once and 70 s at a quarter more than play", took)
		}
	})
}

func TestWhatFlowsEndsWithTheStream(t *testing.T) {
	in(t, func(t *testing.T, a *authority, k *delivery.Keeper) {
		s := stream(k, "one")
		go func() {
			time.Sleep(20 * time.Second) //nolint:forbidigo // in synctest
			a.says(errEnded)
			k.Ended("one")
		}()
		var err error
		began := time.Now()
		for n := 0; err == nil; n++ {
			err = s.Flow(t.Context(), pace.Piece{Position: time.Duration(n) * time.Second, Duration: time.Second, Whole: true})
		}
		want(t, err, errEnded)
		if took := time.Since(began); took > 21*time.Second {
			t.Errorf("it flowed for %v", took)
		}
	})
}

func TestASeekIsAdmittedAtOnce(t *testing.T) {
	in(t, func(t *testing.T, _ *authority, k *delivery.Keeper) {
		s := stream(k, "one")
		fill(t, s)
		began := time.Now()
		want(t, s.Admit(t.Context(), piece(80)), nil)
		if time.Since(began) > 0 {
			t.Errorf("after %v", time.Since(began))
		}
	})
}

// One that only decides must answer at once: whoever asks it has a time limit of its own.
func TestWithoutPatienceAllIsAnsweredAtOnce(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		a := &authority{answer: delivery.Answer{Lease: ten, Holds: ten}}
		k := delivery.NewKeeper(a, pace.Usual, delivery.Patience{}, time.Now)
		s, began := stream(k, "one"), time.Now()
		for n := range 100 {
			if err := s.Admit(t.Context(), piece(n)); err != nil {
				want(t, err, delivery.ErrEarly)
			}
		}
		a.says(errLimit)
		refused := stream(k, "two")
		for range 10 {
			want(t, refused.Check(t.Context()), errLimit)
		}
		if took := time.Since(began); took > 0 {
			t.Errorf("answered after %v", took)
		}
	})
}
