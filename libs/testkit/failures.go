package testkit

import (
	"fmt"
	"runtime"
	"testing"
)

// failures is a test whose failures are recorded.
type failures struct {
	testing.TB

	said []string
}

// Failures returns the failures of a test, in order. It tests functions that other tests are made of.
func Failures(t testing.TB, test func(t testing.TB)) []string {
	t.Helper()
	f := &failures{TB: t}
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		test(f)
	}()
	<-ended
	return f.said
}

// Helper implements testing.TB. Lines are not recorded, so it has nothing to do.
func (*failures) Helper() {}

// Errorf implements testing.TB.
func (f *failures) Errorf(format string, args ...any) {
	f.said = append(f.said, fmt.Sprintf(format, args...))
}

// Fatalf implements testing.TB.
func (f *failures) Fatalf(format string, args ...any) {
	f.Errorf(format, args...)
	runtime.Goexit()
}

// Fatal implements testing.TB.
func (f *failures) Fatal(args ...any) { f.Fatalf("%s", fmt.Sprint(args...)) }
