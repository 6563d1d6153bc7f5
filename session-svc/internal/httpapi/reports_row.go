package httpapi

import (
	"maps"
	"slices"

	"streamgate/libs/instant"
	"streamgate/session-svc/internal/events"
	"streamgate/session-svc/internal/report"
)

// rowDTO is a row.
type rowDTO struct {
	At          instant.Time   `json:"at"`
	Device      string         `json:"device,omitzero"`
	Content     string         `json:"content,omitzero"`
	Minutes     int            `json:"minutes"`
	Streams     atOnceDTO      `json:"streams"`
	Levels      []accountsDTO  `json:"levels,omitzero"`
	Tried       []triedDTO     `json:"tried"`
	Starts      int            `json:"starts"`
	Refusals    map[string]int `json:"refusals"`
	Lapses      int            `json:"lapses"`
	Resumptions int            `json:"resumptions"`
	Ends        map[string]int `json:"ends"`
	Durations   durationsDTO   `json:"durations"`
}

type atOnceDTO struct {
	Peak int     `json:"peak"`
	Mean float64 `json:"mean"`
}

type accountsDTO struct {
	Streams  int `json:"streams"`
	Accounts int `json:"accounts"`
}

type triedDTO struct {
	Streams int `json:"streams"`
	Granted int `json:"granted"`
	Refused int `json:"refused"`
}

type durationsDTO struct {
	Count     int         `json:"count"`
	Seconds   float64     `json:"seconds"`
	Median    *float64    `json:"median"`
	P95       *float64    `json:"p95"`
	Histogram []bucketDTO `json:"histogram"`
}

type bucketDTO struct {
	UpTo  *float64 `json:"upTo"` // seconds; null of the last
	Count int      `json:"count"`
}

func newRowDTO(r *report.Row, by report.By) rowDTO {
	dto := rowDTO{
		At: instant.Time(r.At), Minutes: r.Minutes, Streams: atOnceDTO{r.Peak, r.Mean()}, Tried: []triedDTO{}, Starts: r.Starts,
		Refusals: named(report.RefusalReasons, r.Refusals[:]), Lapses: r.Lapses, Resumptions: r.Resumptions,
		Ends: named(report.EndReasons, r.Ends[:]), Durations: durationsDTO{Count: r.Over(), Seconds: r.Held.Seconds()},
	}
	switch by {
	case report.ByDevice:
		dto.Device = r.Key
	case report.ByContent:
		dto.Content = r.Key
	default:
		dto.Levels = []accountsDTO{}
		for _, level := range slices.Sorted(maps.Keys(r.Levels)) {
			dto.Levels = append(dto.Levels, accountsDTO{level, r.Levels[level]})
		}
	}
	tried := maps.Clone(r.Granted)
	if tried == nil {
		tried = map[int]int{}
	}
	maps.Copy(tried, r.Denied)
	for _, level := range slices.Sorted(maps.Keys(tried)) {
		dto.Tried = append(dto.Tried, triedDTO{level, r.Granted[level], r.Denied[level]})
	}
	if r.Over() > 0 {
		median, p95 := r.Quantile(0.5).Seconds(), r.Quantile(0.95).Seconds()
		dto.Durations.Median, dto.Durations.P95 = &median, &p95
	}
	for i, n := range r.Durations {
		bucket := bucketDTO{Count: n}
		if i < len(report.Bounds) {
			bound := report.Bounds[i].Seconds()
			bucket.UpTo = &bound
		}
		dto.Durations.Histogram = append(dto.Durations.Histogram, bucket)
	}
	return dto
}

func named(reasons []events.Reason, counts []int) map[string]int {
	all := make(map[string]int, len(reasons))
	for i, reason := range reasons {
		all[string(reason)] = counts[i]
	}
	return all
}
