package screens

import (
	"slices"
	"testing"
	"time"
)

// playing makes a track of a minute with two samples a second, of a second of film in each second from one instant to another, at rest outside of them.
func playing(from, until time.Duration, change func(*Sample)) Track {
	var t Track
	for at := time.Duration(0); at <= minute; at += every {
		s := Sample{At: at, Position: max(0, min(at, until)-from).Seconds(), Height: topHeight, Holding: true}
		if change != nil {
			change(&s)
		}
		t = append(t, s)
	}
	return t
}

const minute = time.Minute

func near(t *testing.T, what string, got, want time.Duration) {
	t.Helper()
	if d := got - want; d < -every || d > every {
		t.Errorf("%s: %v, want %v", what, got, want)
	}
}

func TestAdvances(t *testing.T) {
	t.Parallel()
	track := playing(10*time.Second, 30*time.Second, nil)
	for at, want := range map[time.Duration]bool{
		5 * time.Second: false, 9 * time.Second: false, 11 * time.Second: true, 20 * time.Second: true, 29 * time.Second: true,
		31 * time.Second: false, 50 * time.Second: false, 2 * minute: false, 0: false,
	} {
		if got := track.Advances(at); got != want {
			t.Errorf("at %v: %v", at, got)
		}
	}
	slow := playing(0, minute, func(s *Sample) { s.Position *= 0.4 })
	if slow.Advances(30 * time.Second) {
		t.Error("0.4 of the pace of play counts as advancing")
	}
	back := playing(0, minute, func(s *Sample) { s.Position = 100 - s.Position })
	if back.Advances(30 * time.Second) {
		t.Error("playing backwards counts as advancing")
	}
}

func TestWithoutSlot(t *testing.T) {
	t.Parallel()
	track := playing(0, 40*time.Second, func(s *Sample) { s.Holding = s.At < 25*time.Second })
	near(t, "played on after its slot had gone", track.WithoutSlot(), 15*time.Second)
	near(t, "stood still from then on, as far as it is known", track.ThrownOut(), 19*time.Second)
	held := playing(0, minute, nil)
	if got := held.WithoutSlot(); got != 0 {
		t.Errorf("with its slot: %v", got)
	}
	if got := held.ThrownOut(); got != 0 {
		t.Errorf("thrown out while it played: %v", got)
	}
}

func TestThrownOutIsNobodyWhoStopped(t *testing.T) {
	t.Parallel()
	paused := playing(0, 20*time.Second, func(s *Sample) {
		s.Paused = s.At >= 20*time.Second
		s.Holding = !s.Paused
	})
	near(t, "paused", paused.ThrownOut(), 0)
	refused := playing(minute, minute, func(s *Sample) { s.Holding = false })
	near(t, "refused from the start", refused.ThrownOut(), 0)
	waited := playing(30*time.Second, minute, func(s *Sample) { s.Holding = s.At >= 29*time.Second })
	near(t, "refused at first", waited.ThrownOut(), 0)
}

func TestStalls(t *testing.T) {
	t.Parallel()
	halting := playing(5*time.Second, minute, func(s *Sample) {
		for _, stall := range []time.Duration{20 * time.Second, 40 * time.Second} {
			s.Position -= max(0, min(s.At-stall, 1500*time.Millisecond)).Seconds()
		}
	})
	if got := halting.Stalls(); got != 2 {
		t.Errorf("%d stalls of 2", got)
	}
	if got := playing(5*time.Second, minute, nil).Stalls(); got != 0 {
		t.Errorf("%d stalls of one that plays to the end", got)
	}
	lost := playing(0, 30*time.Second, func(s *Sample) { s.Holding = s.At < 25*time.Second })
	if got := lost.Stalls(); got != 0 {
		t.Errorf("%d stalls of one that was thrown out", got)
	}
	paused := playing(0, 30*time.Second, func(s *Sample) { s.Paused = s.At >= 29*time.Second })
	if got := paused.Stalls(); got != 0 {
		t.Errorf("%d stalls of one that was paused", got)
	}
}

func TestTop(t *testing.T) {
	t.Parallel()
	track := playing(0, minute, func(s *Sample) {
		if s.At < 30*time.Second {
			s.Height = lowHeight
		}
	})
	if got := track.Top(0, topHeight); got < 0.45 || got > 0.55 {
		t.Errorf("%.2f of the whole", got)
	}
	if got := track.Top(30*time.Second, topHeight); got != 1 {
		t.Errorf("%.2f of the second half", got)
	}
	falls := playing(0, minute, func(s *Sample) {
		if s.At >= 30*time.Second {
			s.Height = lowHeight
		}
	})
	if got := falls.Top(30*time.Second, topHeight); got != 0 {
		t.Errorf("%.2f of a second half that was low", got)
	}
	if got := playing(minute, minute, nil).Top(0, topHeight); got != 0 {
		t.Errorf("%.2f of nothing", got)
	}
}

func TestAtOnce(t *testing.T) {
	t.Parallel()
	relay := []Track{ // one after the other, never more than one
		playing(0, 18*time.Second, nil), playing(22*time.Second, 38*time.Second, nil), playing(42*time.Second, minute, nil),
	}
	if got := AtOnce(relay, nil, 0); got != 1 {
		t.Errorf("%d of a relay", got)
	}
	crowd := slices.Concat(relay, []Track{playing(0, minute, nil), playing(0, 5*time.Second, nil)})
	if got := AtOnce(crowd, nil, 0); got != 3 {
		t.Errorf("%d at once, want 3", got)
	}
	if got := AtOnce(crowd, []time.Duration{0}, 10*time.Second); got != 2 {
		t.Errorf("%d at once beyond the grace of a change, want 2", got)
	}
	if got := AtOnce(crowd, []time.Duration{30 * time.Second}, 10*time.Second); got != 3 {
		t.Errorf("%d at once before a change, want 3", got)
	}
	if got := AtOnce(nil, nil, 0); got != 0 {
		t.Errorf("%d of nobody", got)
	}
}
