package config_test

import (
	"strings"
	"testing"
	"time"

	"streamgate/session-svc/internal/config"
)

func TestReportSettings(t *testing.T) {
	t.Parallel()
	good := config.Reports{MongoDBURI: "mongodb://mongodb:27017", MongoDBDatabase: "streamgate_reports", Keep: 720 * time.Hour}
	for name, test := range map[string]struct {
		reports config.Reports
		events  string
		faults  []string // the beginnings of the texts
	}{
		"off":                 {config.Reports{Keep: time.Second}, "", nil},
		"on":                  {good, "", nil},
		"no address":          {config.Reports{MongoDBURI: "http://mongodb", MongoDBDatabase: "x", Keep: time.Hour * 24}, "", []string{"REPORTS_MONGODB_URI: doesn't begin with mongodb://"}},
		"no database":         {config.Reports{MongoDBURI: good.MongoDBURI, Keep: 24 * time.Hour}, "", []string{"REPORTS_MONGODB_DATABASE: "}},
		"kept for too short":  {config.Reports{MongoDBURI: good.MongoDBURI, MongoDBDatabase: "x", Keep: time.Hour}, "", []string{"REPORTS_KEEP: 1h0m0s is not between 24h"}},
		"all at once":         {config.Reports{MongoDBURI: "x"}, "", []string{"REPORTS_MONGODB_URI: ", "REPORTS_MONGODB_DATABASE: ", "REPORTS_KEEP: "}},
		"a name that is ours": {good, `[{"name":"reports","nats":"nats://nats:4222"}]`, []string{"EVENTS: endpoint reports: the name is that of the reports"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			faults := test.reports.Validate(&config.Events{Endpoints: test.events})
			if len(faults) != len(test.faults) {
				t.Fatal(faults)
			}
			for i, fault := range faults {
				if !strings.HasPrefix(fault.Error(), test.faults[i]) {
					t.Errorf("%v, want %s", fault, test.faults[i])
				}
			}
		})
	}
}
