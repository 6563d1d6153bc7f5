package httpapi_test

import (
	"bytes"
	"encoding/csv"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/google/go-cmp/cmp"
	"github.com/parquet-go/parquet-go"

	numbers "streamgate/session-svc/internal/report"
	"streamgate/session-svc/internal/report/reporttest"
)

// The commands of the page of numbers answer what it says.
func TestTheCommandsOfThePageOfNumbers(t *testing.T) {
	t.Parallel()
	if _, err := exec.LookPath("curl"); err != nil {
		t.Skip("curl is not there (Debian: apt-get install curl)")
	}
	text, err := os.ReadFile("../../../charts/doors/numbers.md")
	if err != nil {
		t.Fatal(err)
	}
	page := string(text)
	g := start(t, counting(t))
	from := time.Now().UTC().Truncate(time.Minute).Add(-30 * time.Minute)
	for _, e := range reporttest.Account(rand.New(rand.NewPCG(1, 3)), 3, from, from.Add(10*time.Minute), []string{g.content}) {
		if err := (numbers.Sink{Store: g.facts(t)}).Send(t.Context(), &e); err != nil {
			t.Fatal(err)
		}
	}
	g.count(t, from.Add(20*time.Minute))
	desk := g.signIn(t, "Desk")
	desk.becomeAdmin(t)
	folder := t.TempDir()
	var answers [][]byte
	for line := range strings.Lines(part(t, page, "```sh\n(.*?)```")) {
		if !strings.HasPrefix(line, "curl ") { // the service that signs in is not here
			continue
		}
		command := exec.CommandContext(t.Context(), "sh", "-c", line)
		command.Dir = folder
		command.Env = append(os.Environ(), "BASE="+g.PublicURL, "TOKEN="+desk.token)
		answer, err := command.Output()
		if err != nil {
			t.Fatal(line, err)
		}
		answers = append(answers, answer)
	}
	var example, got any
	whole := strings.ReplaceAll(part(t, page, "```json\n(.*?)```"), ",…", "")
	if err := json.Unmarshal([]byte(whole), &example); err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(answers[0], &got); err != nil {
		t.Fatal(err, string(answers[0]))
	}
	if diff := cmp.Diff(shape(example), shape(got)); diff != "" {
		t.Errorf("-page +answer\n%s", diff)
	}
	lines, err := csv.NewReader(bytes.NewReader(answers[1])).ReadAll()
	if err != nil || len(lines) < 10 || lines[1][1] != g.content {
		t.Errorf("%q: %v", answers[1], err)
	}
	file, err := os.ReadFile(filepath.Join(folder, "reports.parquet"))
	if err != nil {
		t.Fatal(err)
	}
	read, err := parquet.OpenFile(bytes.NewReader(file), int64(len(file)))
	if err != nil || read.NumRows() < 10 {
		t.Fatal(err)
	}
	t.Run("DuckDB", func(t *testing.T) {
		t.Parallel()
		duckdb, err := exec.LookPath("duckdb")
		if err != nil {
			t.Skip("duckdb is not there (https://duckdb.org)")
		}
		command := exec.CommandContext(t.Context(), duckdb, "-csv", "-c", part(t, page, "```sql\n(.*?)```"))
		command.Dir = folder
		answer, err := command.CombinedOutput()
		if err != nil || strings.Count(string(answer), "\n") != 11 || !strings.HasPrefix(string(answer), "time,refused\n") {
			t.Errorf("%s: %v", answer, err)
		}
	})
}

// shape returns a value with nothing but the names of members, and of a list, the shape of its first element.
func shape(value any) any {
	switch v := value.(type) {
	case map[string]any:
		shapes := map[string]any{}
		for name, member := range v {
			shapes[name] = shape(member)
		}
		return shapes
	case []any:
		for _, element := range v {
			if s := shape(element); s != nil {
				return []any{s}
			}
		}
		return nil // as it is in a row in which nothing happened
	default:
		return ""
	}
}
