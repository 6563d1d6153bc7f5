package httpapi

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"time"

	"github.com/gin-gonic/gin"

	"streamgate/libs/bind"
	"streamgate/libs/fault"
	"streamgate/session-svc/internal/report"
)

// reportsDTO is what is asked for.
type reportsDTO struct {
	From   string `json:"from"`
	To     string `json:"to"`
	Step   string `json:"step"`
	By     string `json:"by"`
	Format string `json:"format"`
}

// reportsQuery is the same, understood.
type reportsQuery struct {
	from, to time.Time // of whole steps; zero if they are not given
	step     report.Step
	by       report.By
	format   string
}

// reportFormats are the media types of the formats. The first one is the default.
var reportFormats = []struct{ name, mediaType string }{
	{"json", "application/json"}, {"csv", "text/csv"}, {"parquet", "application/vnd.apache.parquet"},
}

// reportBounds say for each step how many there are by default, and how much time there may be at most.
var reportBounds = map[report.Step]struct {
	steps int
	most  time.Duration
	words string
}{
	report.Minute: {60, 31 * 24 * time.Hour, "31 days; ask for less, or by the hour"},
	report.Hour:   {48, 366 * 24 * time.Hour, "366 days; ask for less, or by the day"},
	report.Day:    {30, 3660 * 24 * time.Hour, "3660 days; ask for less"},
}

// readReports reads what is asked for.
func readReports(c *gin.Context) (q reportsQuery, err error) {
	var dto reportsDTO
	if err := bind.OnlyQuery(c, &dto); err != nil {
		return q, err
	}
	var faults []fault.Field
	wrong := func(name, detail string) { faults = append(faults, fault.Field{Name: name, Detail: detail}) }
	q = reportsQuery{step: report.Step(dto.Step), by: report.By(dto.By), format: dto.Format}
	if q.step == "" {
		q.step = report.Minute
	}
	if !slices.Contains(report.Steps, q.step) {
		wrong("step", "must be minute, hour or day")
	}
	if !slices.Contains(report.Bys, q.by) {
		wrong("by", "must be device or content, or be left out")
	}
	if q.format == "" {
		q.format = acceptedFormat(c)
	}
	if !slices.ContainsFunc(reportFormats, func(f struct{ name, mediaType string }) bool { return f.name == q.format }) {
		wrong("format", "must be json, csv or parquet")
	}
	for _, each := range []struct {
		name, text string
		to         *time.Time
	}{{"from", dto.From, &q.from}, {"to", dto.To, &q.to}} {
		if each.text == "" {
			continue
		}
		if *each.to, err = time.Parse(time.RFC3339, each.text); err != nil || each.to.Year() < 2000 || each.to.Year() > 9000 {
			wrong(each.name, "must be a time such as 2026-01-02T03:04:05Z; a plus in it is written %2B")
		}
	}
	if len(faults) > 0 {
		return q, fault.BadFields(faults...)
	}
	length := q.step.Length()
	q.from = q.from.UTC().Truncate(length)
	if up := q.to.UTC().Truncate(length); up.Before(q.to) {
		q.to = up.Add(length)
	} else {
		q.to = up
	}
	return q, nil
}

// acceptedFormat returns the format that the client likes best.
func acceptedFormat(c *gin.Context) string {
	var offered []string
	for _, f := range reportFormats {
		offered = append(offered, f.mediaType)
	}
	if c.GetHeader("Accept") != "" {
		if i := slices.Index(offered, c.NegotiateFormat(offered...)); i >= 0 {
			return reportFormats[i].name
		}
	}
	return reportFormats[0].name
}

// settle fills in what was not given: until is where the rows end.
func (q *reportsQuery) settle(until time.Time) error {
	length, bounds := q.step.Length(), reportBounds[q.step]
	if q.to.IsZero() {
		q.to = until
		if until.IsZero() {
			q.to = time.Now().UTC().Truncate(length)
		}
		if !q.from.Before(q.to) {
			q.to = q.from.Add(length)
		}
	}
	if q.from.IsZero() {
		q.from = q.to.Add(-time.Duration(bounds.steps) * length)
	}
	if !q.from.Before(q.to) {
		return fault.BadField("from", "must be before to, %s", q.to.Format(time.RFC3339))
	}
	if q.to.Sub(q.from) > bounds.most {
		return fault.BadField("from", "is too long before to, %s: by the %s there are at most %s", q.to.Format(time.RFC3339), q.step, bounds.words)
	}
	return nil
}

// showReports shows what happened in all accounts together, by the minute, hour or day: GET /reports.
func (a *API) showReports(c *gin.Context, r request) error {
	q, err := readReports(c)
	if err := errors.Join(err, a.signedIn(c, r)); err != nil {
		return err
	}
	ctx := c.Request.Context()
	until, err := a.Reports.Until(ctx, q.step)
	if err == nil {
		err = q.settle(until)
	}
	if err != nil {
		return err
	}
	out := bufio.NewWriterSize(patient{c.Writer, http.NewResponseController(c.Writer)}, 64<<10)
	table := newTable(out, q, until)
	c.Header("Cache-Control", "no-store")
	c.Header("Vary", "Accept")
	for _, f := range reportFormats {
		if f.name == q.format {
			c.Header("Content-Type", f.mediaType)
		}
	}
	if q.format != reportFormats[0].name {
		name := fmt.Sprintf("reports-%s-%s.%s", q.step, q.from.Format("20060102T1504Z"), q.format)
		c.Header("Content-Disposition", `attachment; filename="`+name+`"`)
	}
	if err = table.begin(); err == nil && !until.IsZero() {
		to := q.to
		if to.After(until) {
			to = until
		}
		err = a.Reports.Rows(ctx, q.step, q.by, q.from, to, table.row)
	}
	if err == nil {
		err = table.end()
	}
	if err == nil {
		err = out.Flush()
	}
	return err
}

// patient writes for as long as the client takes what is written.
type patient struct {
	io.Writer

	control *http.ResponseController
}

func (p patient) Write(b []byte) (int, error) {
	_ = p.control.SetWriteDeadline(time.Now().Add(writeTimeout))
	return p.Writer.Write(b)
}
