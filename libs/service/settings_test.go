package service_test

import (
	"slices"
	"strings"
	"testing"

	"streamgate/libs/service"
	"streamgate/libs/tracing"
)

func TestSecretsOfPairs(t *testing.T) {
	t.Parallel()
	const one, two, old = "0123456789abcdef", "fedcba9876543210", "one-for-all-of-them"
	for name, test := range map[string]struct {
		shared   []string
		from, to []string
		faults   []string // the beginnings of the lines
	}{
		"each its own":               {nil, []string{one}, []string{two}, nil},
		"one is changed":             {nil, []string{one, old}, []string{two}, nil},
		"none":                       {nil, nil, nil, []string{"SECRETS_FROM_X: missing; set the same random secret for both", "SECRETS_TO_X: missing"}},
		"of an older installation":   {[]string{old}, nil, nil, nil},
		"amid its upgrade":           {[]string{old}, []string{one}, nil, nil},
		"one for both":               {nil, []string{one}, []string{two, one}, []string{"SECRETS_FROM_X, SECRETS_TO_X: the same secret; each pair needs its own"}},
		"repeated, but for one pair": {nil, []string{one, one}, []string{two}, nil},
		"short":                      {nil, []string{one, "hunter2"}, []string{two}, []string{"SECRETS_FROM_X: a secret is shorter than 16"}},
		"in words":                   {nil, []string{one}, []string{"correct horse battery"}, []string{"SECRETS_TO_X: a secret has other"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			settings := service.Settings{InternalSecrets: test.shared}
			var faults []string
			for _, fault := range settings.CheckPairs(map[string][]string{"SECRETS_FROM_X": test.from, "SECRETS_TO_X": test.to}) {
				faults = append(faults, fault.Error())
			}
			if len(faults) != len(test.faults) {
				t.Fatalf("faults %q, want %q", faults, test.faults)
			}
			for i, fault := range faults {
				if !strings.HasPrefix(fault, test.faults[i]) || strings.Contains(fault, "hunter") || strings.Contains(fault, one) {
					t.Errorf("fault %q, want %q", fault, test.faults[i])
				}
			}
		})
	}
}

func TestWhatIsShownAndAccepted(t *testing.T) {
	t.Parallel()
	pair := []string{"new", "last"}
	var today service.Settings
	upgraded := service.Settings{InternalSecrets: []string{"shared", "shared before"}}
	for what, lists := range map[string][2][]string{
		"shown":                           {today.Shown(pair), {"new"}},
		"shown amid an upgrade":           {upgraded.Shown(pair), {"shared", "new"}},
		"shown before it":                 {upgraded.Shown(nil), {"shared"}},
		"accepted":                        {today.Accepted(pair), {"new", "last"}},
		"accepted amid an upgrade":        {upgraded.Accepted(pair), {"new", "last", "shared", "shared before"}},
		"accepted where nothing was said": {today.Accepted(nil), nil},
	} {
		if !slices.Equal(lists[0], lists[1]) {
			t.Errorf("%s: %q, want %q", what, lists[0], lists[1])
		}
	}
}

func TestTracesOfNobody(t *testing.T) {
	t.Parallel()
	settings := service.Settings{
		PublicAddr: ":0", InternalAddr: ":0", OperationsAddr: ":0", LogFormat: "json", DrainTimeout: 1,
		Traces: tracing.Settings{Endpoint: "http://collector:4318", Continue: true},
	}
	if faults := settings.Validate(); len(faults) != 1 || !strings.HasPrefix(faults[0].Error(), "TRACES_CONTINUE: true, but TRUSTED_PROXIES is empty") {
		t.Error(faults)
	}
	settings.TrustedProxies = []string{"10.0.0.0/8"}
	if faults := settings.Validate(); len(faults) != 0 {
		t.Error(faults)
	}
}
