package httpapi

import (
	"bufio"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"time"

	"github.com/gin-gonic/gin"
	"github.com/go-json-experiment/json"

	"streamgate/libs/bind"
	"streamgate/libs/fault"
	"streamgate/libs/instant"
	"streamgate/session-svc/internal/events"
	"streamgate/session-svc/internal/parquetfile"
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

// table is written row by row.
type table interface {
	begin() error
	row(r *report.Row) error
	end() error
}

func newTable(out io.Writer, q reportsQuery, until time.Time) table {
	switch q.format {
	case "csv":
		return &csvTable{csv.NewWriter(out), q.by}
	case "parquet":
		return &parquetTable{out: out, by: q.by}
	default:
		return &jsonTable{out: out, q: q, until: until}
	}
}

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

// jsonTable writes an object whose last member has the rows.
type jsonTable struct {
	out   io.Writer
	q     reportsQuery
	until time.Time
	rows  int
}

func (t *jsonTable) begin() error {
	head := struct {
		From  instant.Time  `json:"from"`
		To    instant.Time  `json:"to"`
		Step  report.Step   `json:"step"`
		By    report.By     `json:"by,omitzero"`
		Until *instant.Time `json:"until"`
	}{instant.Time(t.q.from), instant.Time(t.q.to), t.q.step, t.q.by, nil}
	if !t.until.IsZero() {
		head.Until = (*instant.Time)(&t.until)
	}
	text, err := json.Marshal(head)
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(t.out, `%s,"rows":[`, text[:len(text)-1])
	return err
}

func (t *jsonTable) row(r *report.Row) error {
	text, err := json.Marshal(newRowDTO(r, t.q.by), json.Deterministic(true))
	if err != nil {
		return err
	}
	if t.rows++; t.rows > 1 {
		text = append([]byte(","), text...)
	}
	_, err = t.out.Write(text)
	return err
}

func (t *jsonTable) end() error {
	_, err := io.WriteString(t.out, "]}\n")
	return err
}

// levelColumns is how many numbers of streams have columns of their own.
const levelColumns = 10

// cells returns the columns of a table and, for each, its value in a row.
func cells(r *report.Row, by report.By) (columns []parquetfile.Column, values []any) {
	add := func(name string, value any) {
		kind := parquetfile.Int
		switch value.(type) {
		case time.Time:
			kind = parquetfile.Time
		case float64:
			kind = parquetfile.Float
		case string:
			kind = parquetfile.Text
		}
		columns = append(columns, parquetfile.Column{Name: name, Kind: kind})
		values = append(values, value)
	}
	levels := func(prefix string, counts map[int]int) {
		more := 0
		for level, n := range counts {
			if level > levelColumns {
				more += n
			}
		}
		for level := range levelColumns {
			add(prefix+strconv.Itoa(level+1), counts[level+1])
		}
		add(prefix+"more", more)
	}
	add("time", r.At)
	if by != report.All {
		add(string(by), r.Key)
	}
	add("minutes", r.Minutes)
	add("peak", r.Peak)
	add("mean", r.Mean())
	add("starts", r.Starts)
	for i, reason := range report.RefusalReasons {
		add("refused_"+string(reason), r.Refusals[i])
	}
	add("lapses", r.Lapses)
	add("resumptions", r.Resumptions)
	for i, reason := range report.EndReasons {
		add("ended_"+string(reason), r.Ends[i])
	}
	add("over", r.Over())
	add("seconds", r.Held.Seconds())
	add("median", r.Quantile(0.5).Seconds())
	add("p95", r.Quantile(0.95).Seconds())
	if by == report.All {
		levels("level_", r.Levels)
	}
	levels("granted_", r.Granted)
	levels("denied_", r.Denied)
	for i, bound := range report.Bounds {
		add(fmt.Sprintf("over_%d", int(bound.Seconds())), r.Durations[i])
	}
	add("over_more", r.Durations[len(report.Bounds)])
	return columns, values
}

// columns returns those of a table.
func columns(by report.By) []parquetfile.Column {
	all, _ := cells(&report.Row{Minutes: 1}, by)
	return all
}

// csvTable writes comma-separated values, with a line of names first.
type csvTable struct {
	*csv.Writer

	by report.By
}

func (t *csvTable) begin() error {
	var names []string
	for _, column := range columns(t.by) {
		names = append(names, column.Name)
	}
	return t.Write(names)
}

func (t *csvTable) row(r *report.Row) error {
	var texts []string
	_, values := cells(r, t.by)
	for _, value := range values {
		switch v := value.(type) {
		case time.Time:
			text, _ := instant.Time(v).MarshalText()
			texts = append(texts, string(text))
		case float64:
			texts = append(texts, strconv.FormatFloat(v, 'f', -1, 64))
		default:
			texts = append(texts, fmt.Sprint(v))
		}
	}
	return t.Write(texts)
}

func (t *csvTable) end() error {
	t.Flush()
	return t.Error()
}

// parquetTable writes the same as an Apache Parquet file.
type parquetTable struct {
	out    io.Writer
	by     report.By
	writer *parquetfile.Writer
}

func (t *parquetTable) begin() (err error) {
	t.writer, err = parquetfile.NewWriter(t.out, columns(t.by))
	return err
}

func (t *parquetTable) row(r *report.Row) error {
	_, values := cells(r, t.by)
	return t.writer.Write(values)
}

func (t *parquetTable) end() error { return t.writer.Close() }
