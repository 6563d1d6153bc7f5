package testkit

import "testing"

// Suite runs each test in parallel on a subject of its own, such as an empty store.
func Suite[S any](t *testing.T, open func(t *testing.T) S, tests map[string]func(*testing.T, S)) {
	t.Helper()
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			test(t, open(t))
		})
	}
}
