package parquetfile_test

import (
	"bytes"
	"errors"
	"io"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/parquet-go/parquet-go"

	"streamgate/session-svc/internal/parquetfile"
)

var columns = []parquetfile.Column{{"at", parquetfile.Time}, {"content", parquetfile.Text}, {"peak", parquetfile.Int}, {"mean", parquetfile.Float}}

type row struct {
	At      time.Time `parquet:"at,timestamp(millisecond)"`
	Content string    `parquet:"content"`
	Peak    int64     `parquet:"peak"`
	Mean    float64   `parquet:"mean"`
}

func rowOf(i int) row {
	at := time.Date(2026, time.January, 2, 3, 4, 5, 678_000_000, time.UTC).Add(time.Duration(i) * time.Minute)
	return row{at, strings.Repeat("ä", i%50), int64(i - 3), float64(i) / 7}
}

// What is written is what the library's reader finds, which has no part in the writing, in as many row groups as it takes.
func TestWriter(t *testing.T) {
	t.Parallel()
	for _, rows := range []int{0, 1, 4999, 5000, 12_345} {
		t.Run(strconv.Itoa(rows), func(t *testing.T) {
			t.Parallel()
			var file bytes.Buffer
			w, err := parquetfile.NewWriter(&file, columns)
			if err != nil {
				t.Fatal(err)
			}
			for i := range rows {
				r := rowOf(i)
				if err := w.Write([]any{r.At, r.Content, int(r.Peak), r.Mean}); err != nil {
					t.Fatal(err)
				}
			}
			if err := w.Close(); err != nil {
				t.Fatal(err)
			}
			read, err := parquet.Read[row](bytes.NewReader(file.Bytes()), int64(file.Len()))
			if err != nil || len(read) != rows {
				t.Fatalf("%d rows, want %d: %v", len(read), rows, err)
			}
			for i, got := range read {
				got.At = got.At.UTC()
				if want := rowOf(i); got != want {
					t.Fatalf("row %d: %+v, want %+v", i, got, want)
				}
			}
		})
	}
}

func TestRowsThatDoNotFit(t *testing.T) {
	t.Parallel()
	w, err := parquetfile.NewWriter(io.Discard, columns)
	if err != nil {
		t.Fatal(err)
	}
	for _, row := range [][]any{nil, {time.Time{}, "", 1}, {time.Time{}, "", 1, true}} {
		if err := w.Write(row); err == nil {
			t.Errorf("%v is written", row)
		}
	}
}

type broken struct{}

var errBroken = errors.New("broken")

func (broken) Write([]byte) (int, error) { return 0, errBroken }

func TestWhereNothingCanBeWritten(t *testing.T) {
	t.Parallel()
	if _, err := parquetfile.NewWriter(broken{}, columns); !errors.Is(err, errBroken) {
		t.Error(err)
	}
}
