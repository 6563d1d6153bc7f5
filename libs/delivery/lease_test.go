package delivery_test

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"testing"
	"testing/synctest"
	"time"

	"streamgate/libs/delivery"
	"streamgate/libs/fault"
)

func TestAsksOnceInAThirdOfALease(t *testing.T) {
	in(t, func(t *testing.T, a *authority, k *delivery.Keeper) {
		s := stream(k, "one")
		for range 300 { // 30 s
			want(t, s.Check(t.Context()), nil)
			pass(100 * time.Millisecond)
		}
		if n := len(a.asked()); n < 8 || n > 10 {
			t.Errorf("asked %d times in three leases", n)
		}
		pass(time.Minute) // nobody asks for it any more
		if n := len(a.asked()); n > 11 {
			t.Errorf("asked %d times", n)
		}
	})
}

func TestOnlyTheFirstQuestionIsWaitedFor(t *testing.T) {
	in(t, func(t *testing.T, a *authority, k *delivery.Keeper) {
		s := stream(k, "one")
		want(t, s.Check(t.Context()), nil)
		a.mu.Lock()
		a.gate = make(chan struct{})
		a.mu.Unlock()
		for range 90 {
			began := time.Now()
			want(t, s.Check(t.Context()), nil)
			if time.Since(began) > 0 {
				t.Fatal("it waited for the answer")
			}
			pass(100 * time.Millisecond)
		}
		close(a.gate)
	})
}

func TestManyAtOnceShareOneQuestion(t *testing.T) {
	in(t, func(t *testing.T, a *authority, k *delivery.Keeper) {
		a.gate = make(chan struct{})
		s := stream(k, "one")
		check := func(ctx context.Context) {
			go func() {
				if err := s.Check(ctx); err != nil && ctx.Err() == nil {
					t.Errorf("verdict %v", err)
				}
			}()
		}
		// The client whose request asks may leave: the others must get their answer.
		ctx, leave := context.WithCancel(t.Context())
		check(ctx)
		synctest.Wait()
		leave()
		for range 50 {
			check(t.Context())
		}
		synctest.Wait()
		close(a.gate)
		synctest.Wait()
		a.wantAsked(t, 1)
	})
}

func TestManyStreamsShareACall(t *testing.T) {
	in(t, func(t *testing.T, a *authority, k *delivery.Keeper) {
		for n := range 1000 {
			go func() {
				s := stream(k, strconv.Itoa(n))
				_ = s.Check(t.Context())
				_ = s.Check(t.Context()) // from now on it plays
			}()
		}
		synctest.Wait()
		a.wantAsked(t, 1000)
		first := a.called()
		pass(ten)
		a.wantAsked(t, 2000)
		if n := a.called() - first; n > 20 {
			t.Errorf("%d calls for a thousand streams that are due at the same time", n)
		}
	})
}

func TestAnEndIsFinal(t *testing.T) {
	in(t, func(t *testing.T, a *authority, k *delivery.Keeper) {
		s := stream(k, "one")
		want(t, s.Check(t.Context()), nil)
		a.says(errEnded)
		pass(3 * time.Second)
		want(t, s.Check(t.Context()), nil)
		pass(500 * time.Millisecond)
		err := s.Check(t.Context())
		want(t, err, errEnded)
		if e, ok := errors.AsType[*fault.Error](err); !ok || e.Members["by"] != "Phone" {
			t.Fatalf("%v has lost by whom", err)
		}
		a.says(nil) // no lease comes back from the dead
		asked := len(a.asked())
		pass(time.Hour)
		want(t, s.Check(t.Context()), errEnded)
		a.wantAsked(t, asked)
	})
}

func TestAnEndThatIsToldCutsOffWhatIsSent(t *testing.T) {
	in(t, func(t *testing.T, a *authority, k *delivery.Keeper) {
		s, other := stream(k, "one"), stream(k, "two")
		want(t, s.Check(t.Context()), nil)
		want(t, other.Check(t.Context()), nil)
		var cut []string
		defer s.WhenEnded(func() { cut = append(cut, "one") })()
		s.WhenEnded(func() { cut = append(cut, "stopped") })()
		defer other.WhenEnded(func() { cut = append(cut, "two") })()
		a.says(errEnded)
		k.Ended("one")
		k.Ended("of another replica")
		synctest.Wait()
		if fmt.Sprint(cut) != "[one]" {
			t.Errorf("cut off: %v", cut)
		}
		a.wantAsked(t, 3)
		want(t, s.Check(t.Context()), errEnded)
	})
}

func TestAfterAGapAllThatIsSentIsAskedAbout(t *testing.T) {
	in(t, func(t *testing.T, a *authority, k *delivery.Keeper) {
		var streams []*delivery.Stream
		for n := range 20 {
			streams = append(streams, stream(k, strconv.Itoa(n)))
			want(t, streams[n].Check(t.Context()), nil)
		}
		a.says(errEnded)
		k.Missed()
		synctest.Wait()
		a.wantAsked(t, 40)
		for _, s := range streams {
			want(t, s.Check(t.Context()), errEnded)
		}
		k.Missed() // what has ended is not asked about
		synctest.Wait()
		a.wantAsked(t, 40)
	})
}

func TestARefusalIsAskedAgainAfterASecond(t *testing.T) {
	in(t, func(t *testing.T, a *authority, k *delivery.Keeper) {
		a.says(errLimit)
		s := stream(k, "one")
		want(t, s.Check(t.Context()), errLimit)
		a.says(nil) // a slot is free
		began := time.Now()
		want(t, s.Check(t.Context()), errLimit)
		if time.Since(began) == 0 {
			t.Error("a player that goes on asking is not slowed")
		}
		pass(time.Second)
		want(t, s.Check(t.Context()), nil)
		a.wantAsked(t, 2)
	})
}

func TestWhatTheAuthorityDoesNotKnowIsNotThere(t *testing.T) {
	in(t, func(t *testing.T, a *authority, k *delivery.Keeper) {
		for _, said := range []error{fault.BadField("grant", "is too old"), fault.New(fault.NotFound, "stream_not_found", "No such stream.")} {
			a.says(said)
			want(t, stream(k, said.Error()).Check(t.Context()), delivery.ErrUnknown)
		}
	})
}

// Design, P5: "running ones play on to the end of their lease plus one lease of grace".
func TestARunningStreamPlaysOnForALeaseOfGrace(t *testing.T) {
	in(t, func(t *testing.T, a *authority, k *delivery.Keeper) {
		s := stream(k, "one")
		want(t, s.Check(t.Context()), nil)
		a.says(errAway)
		for range 199 { // to 19.9 s
			pass(100 * time.Millisecond)
			want(t, s.Check(t.Context()), nil)
		}
		if asked := len(a.asked()); asked > 7 {
			t.Fatalf("asked %d times while nobody answered, want once in a third of a lease", asked)
		}
		pass(200 * time.Millisecond)
		wantAway(t, s.Check(t.Context()))
		a.says(nil)
		pass(ten / 3)
		want(t, s.Check(t.Context()), nil)
	})
}

func TestACoveredStreamPlaysOnForLonger(t *testing.T) {
	in(t, func(t *testing.T, a *authority, k *delivery.Keeper) {
		a.answer.Holds = time.Minute
		s := stream(k, "one")
		want(t, s.Check(t.Context()), nil)
		a.says(errAway)
		pass(69 * time.Second)
		want(t, s.Check(t.Context()), nil)
		pass(2 * time.Second)
		wantAway(t, s.Check(t.Context()))
	})
}

func TestAStreamThatWasJustGrantedPlaysWhileNobodyAnswers(t *testing.T) {
	in(t, func(t *testing.T, a *authority, k *delivery.Keeper) {
		a.says(errAway)
		s := stream(k, "one")
		pass(9 * time.Second)
		want(t, s.Check(t.Context()), nil)
		pass(11 * time.Second) // its lease was to 10 s, its grace is to 20 s
		want(t, s.Check(t.Context()), nil)
		pass(time.Second)
		wantAway(t, s.Check(t.Context()))
	})
}

func TestAStrangerIsNotPlayedWhileNobodyAnswers(t *testing.T) {
	in(t, func(t *testing.T, a *authority, k *delivery.Keeper) {
		a.says(errAway)
		s := stream(k, "one")
		pass(ten + time.Millisecond)
		for range 30 { // in three seconds
			wantAway(t, s.Check(t.Context()))
			pass(100 * time.Millisecond)
		}
		a.wantAsked(t, 1)
		a.says(nil)
		pass(time.Second)
		want(t, s.Check(t.Context()), nil)
	})
}

// A refusal is an answer: it must not turn into a permission because nobody answers the next question.
func TestARefusedStreamHasNoGrace(t *testing.T) {
	in(t, func(t *testing.T, a *authority, k *delivery.Keeper) {
		s := stream(k, "one")
		want(t, s.Check(t.Context()), nil)
		pass(11 * time.Second)
		a.says(errLimit)
		want(t, s.Check(t.Context()), errLimit)
		pass(time.Second)
		a.says(errAway)
		wantAway(t, s.Check(t.Context()))
	})
}

func TestAPausedStreamIsAskedAboutWhenItGoesOn(t *testing.T) {
	in(t, func(t *testing.T, a *authority, k *delivery.Keeper) {
		s := stream(k, "one")
		want(t, s.Check(t.Context()), nil)
		pass(time.Hour)
		asked := len(a.asked())
		a.says(errLimit)
		want(t, s.Check(t.Context()), errLimit)
		a.wantAsked(t, asked+1)
	})
}

func TestHowLongALeaseIsIsLearned(t *testing.T) {
	in(t, func(t *testing.T, a *authority, k *delivery.Keeper) {
		a.answer.Lease, a.answer.Holds = 2*time.Second, 2*time.Second
		want(t, stream(k, "one").Check(t.Context()), nil)
		a.says(errAway)
		s := stream(k, "two")
		pass(3 * time.Second) // longer than a lease here, shorter than the usual one
		wantAway(t, s.Check(t.Context()))
	})
}

// A client may end its half of the connection while its request is answered: what it wasn't told may play, doesn't.
func TestWhoLeavesBeforeTheAnswerIsNotAdmitted(t *testing.T) {
	in(t, func(t *testing.T, a *authority, k *delivery.Keeper) {
		a.gate = make(chan struct{})
		s := stream(k, "one")
		ctx, leave := context.WithCancel(t.Context())
		leave()
		if err := s.Check(ctx); err == nil {
			t.Error("admitted before there was an answer")
		}
		if err := s.Admit(ctx, piece(0)); err == nil {
			t.Error("sent a piece before there was an answer")
		}
		close(a.gate)
		synctest.Wait()
	})
}

// An answer that begins when its stream has ended is cut off as one that is under way.
func TestWhatBeginsAfterTheEndIsCutOffToo(t *testing.T) {
	in(t, func(t *testing.T, a *authority, k *delivery.Keeper) {
		s := stream(k, "one")
		a.says(errEnded)
		want(t, s.Check(t.Context()), errEnded)
		cut := 0
		s.WhenEnded(func() { cut++ })()
		if cut != 1 {
			t.Errorf("cut off %d times", cut)
		}
	})
}
