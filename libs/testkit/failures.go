package testkit

import (
	"fmt"
	"runtime"
	"testing"
)

// failures is a test whose failures are what is tested.
type failures struct {
	testing.TB

	said []string
}

// Failures returns what a test fails with, in order: it tests what other tests are made of.
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

// Helper is as testing.TB says: the lines of what fails are not told.
func (*failures) Helper() {}

// Errorf is as testing.TB says.
func (f *failures) Errorf(format string, args ...any) {
	f.said = append(f.said, fmt.Sprintf(format, args...))
}

// Fatalf is as testing.TB says.
func (f *failures) Fatalf(format string, args ...any) {
	f.Errorf(format, args...)
	runtime.Goexit()
}

// Fatal is as testing.TB says.
func (f *failures) Fatal(args ...any) { f.Fatalf("%s", fmt.Sprint(args...)) }
