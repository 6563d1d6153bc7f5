package httpapi

import (
	"encoding/csv"
	"fmt"
	"io"
	"strconv"
	"time"

	"github.com/go-json-experiment/json"

	"streamgate/libs/instant"
	"streamgate/session-svc/internal/parquetfile"
	"streamgate/session-svc/internal/report"
)

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
