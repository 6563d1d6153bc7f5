package fault_test

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"streamgate/libs/fault"
)

var errShared = fault.New(fault.NotFound, "thing_not_found", "There is no such thing.")

func TestSharedErrorStaysAsItIs(t *testing.T) {
	t.Parallel()
	cause := errors.New("secret cause")
	for range 10 { // with -race, writing to the shared variable is found as well
		t.Run("", func(t *testing.T) {
			t.Parallel()
			err := errShared.Because(cause).After(time.Minute)
			if !errors.Is(err, errShared) || !errors.Is(err, cause) || err.RetryAfter != time.Minute {
				t.Errorf("lost something: %+v", err)
			}
			if errShared.RetryAfter != 0 || errShared.Unwrap() != nil {
				t.Errorf("the shared error became %+v", errShared)
			}
		})
	}
}

func TestKindOf(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		err  error
		want fault.Kind
	}{
		"unclassified":    {errors.New("oops"), fault.Internal},
		"nil":             {nil, fault.Internal},
		"wrapped":         {fmt.Errorf("start: %w", errShared), fault.NotFound},
		"joined":          {errors.Join(errors.New("oops"), errShared), fault.NotFound},
		"the outer first": {fault.Away("Redis", errShared), fault.Unavailable},
	} {
		if got := fault.KindOf(test.err); got != test.want {
			t.Errorf("%s: kind %d, want %d", name, got, test.want)
		}
	}
}

func TestIsComparesCodes(t *testing.T) {
	t.Parallel()
	if again := fault.New(fault.Gone, "thing_not_found", "Other words."); !errors.Is(again, errShared) {
		t.Error("errors of one code are not equal")
	}
	if other := fault.New(fault.NotFound, "other", errShared.Detail); errors.Is(other, errShared) {
		t.Error("errors of different codes are equal")
	}
}

func TestBadFieldsNamesAll(t *testing.T) {
	t.Parallel()
	err := fault.BadFields(fault.Field{Name: "email", Detail: "missing"}, fault.Field{Name: "limit", Detail: "must be from 1 to 100"})
	if want := "email: missing; limit: must be from 1 to 100"; err.Detail != want {
		t.Errorf("detail %q, want %q", err.Detail, want)
	}
	if one := fault.BadField("page", "must be from %d", 1); one.Fields[0] != (fault.Field{Name: "page", Detail: "must be from 1"}) {
		t.Errorf("field %+v", one.Fields[0])
	}
}

func TestAwaySaysWhenToTryAgainAndKeepsTheCauseForTheLog(t *testing.T) {
	t.Parallel()
	cause := errors.New("dial tcp 10.0.0.1: refused")
	err := fault.Away("The database", cause)
	if err.Kind != fault.Unavailable || err.RetryAfter <= 0 || !errors.Is(err, cause) {
		t.Errorf("got %+v", err)
	}
	if want := "The database is not available at the moment; try again."; err.Detail != want {
		t.Errorf("detail %q, want %q", err.Detail, want)
	}
	if want := "unavailable: " + err.Detail + ": dial tcp 10.0.0.1: refused"; err.Error() != want {
		t.Errorf("for the log %q, want %q", err.Error(), want)
	}
}
