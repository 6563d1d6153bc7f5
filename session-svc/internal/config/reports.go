package config

import (
	"fmt"
	"slices"
	"time"

	libconfig "streamgate/libs/config"
	"streamgate/libs/mongodb"
	"streamgate/session-svc/internal/report"
)

// Reports are the settings of the numbers of all accounts.
type Reports struct {
	MongoDBURI      string        `env:"REPORTS_MONGODB_URI" desc:"where reports are kept, mongodb://host:port or mongodb+srv://; none by default; see charts/doors/numbers.md"`
	MongoDBDatabase string        `env:"REPORTS_MONGODB_DATABASE" envDefault:"streamgate_reports" desc:"the database of the reports"`
	Keep            time.Duration `env:"REPORTS_KEEP" envDefault:"2160h" desc:"how long reports are kept, 24h to 87600h"`
}

// Validate returns every fault. None of the endpoints of events may have the name of the reports' own.
func (r *Reports) Validate(told *Events) []error {
	var faults libconfig.Faults
	if r.MongoDBURI == "" {
		return nil
	}
	for _, fault := range mongodb.Validate(r.MongoDBURI, r.MongoDBDatabase) {
		faults.Add(fmt.Errorf("REPORTS_%w", fault)) // its text begins with the name that the setting has elsewhere
	}
	taken := slices.ContainsFunc(told.List(), func(e Endpoint) bool { return e.Name == report.SinkName })
	faults.Check(!taken, "EVENTS: endpoint %s: the name is that of the reports (REPORTS_MONGODB_URI); give it another one", report.SinkName)
	faults.Check(r.Keep >= 24*time.Hour && r.Keep <= 87600*time.Hour, "REPORTS_KEEP: %v is not between 24h and 87600h", r.Keep)
	return faults
}
