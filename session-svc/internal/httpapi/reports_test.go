package httpapi_test

import (
	"bytes"
	"encoding/csv"
	"fmt"
	"math/rand/v2"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"github.com/parquet-go/parquet-go"
	"github.com/redis/go-redis/v9"

	"streamgate/libs/metrics"
	"streamgate/libs/testkit"
	"streamgate/session-svc/internal/config"
	"streamgate/session-svc/internal/events"
	"streamgate/session-svc/internal/mongostore"
	"streamgate/session-svc/internal/redisstore"
	numbers "streamgate/session-svc/internal/report"
	"streamgate/session-svc/internal/report/reporttest"
	"streamgate/session-svc/internal/stream"
)

// counting changes a configuration so that reports are on.
func counting(t *testing.T) func(*config.Config) {
	t.Helper()
	uri, database := testkit.Mongo(t)
	return func(c *config.Config) {
		c.Reports = config.Reports{MongoDBURI: uri, MongoDBDatabase: database, Keep: 24 * time.Hour}
		alone(t)(c)
	}
}

// numbers returns what has the numbers of a gate.
func (g *gate) facts(t *testing.T) *mongostore.Store {
	t.Helper()
	return mongostore.New(testkit.OpenMongo(t, g.cfg.Reports.MongoDBURI, g.cfg.Reports.MongoDBDatabase))
}

// count has all minutes before a time counted, as if they were over long ago.
func (g *gate) count(t *testing.T, before time.Time) {
	t.Helper()
	s := g.facts(t)
	testkit.Eventually(t, "all is counted", func() bool {
		until, err := s.Until(t.Context())
		left, unread := s.Unfolded(t.Context(), before.Add(-24*time.Hour))
		if err != nil || unread != nil {
			return false
		}
		if !until.Before(before) && (left.IsZero() || !left.Before(until)) {
			return true
		}
		now := before.Add(2 * time.Minute)
		if !until.Before(before) { // the service was faster, but did not see all
			now = until.Add(3 * time.Minute)
		}
		folder := numbers.Folder{Store: s, Lease: lease, Events: time.Hour, Keep: 24 * time.Hour, Now: func() time.Time { return now }}
		_ = folder.Fold(t.Context())
		return false
	})
}

// wantReports expects what a naive count has.
func wantReports(t *testing.T, desk *device, told []events.Event, from, to time.Time) {
	t.Helper()
	h := reporttest.Read(told, to.Add(time.Hour))
	for _, by := range numbers.Bys {
		query := url.Values{"from": {from.Format(time.RFC3339)}, "to": {to.Format(time.RFC3339)}}
		if by != numbers.All {
			query.Set("by", string(by))
		}
		var got reportsAnswer
		answer := desk.do(t, http.MethodGet, "/reports?"+query.Encode(), "").Want(t, http.StatusOK)
		if err := json.Unmarshal(answer.Body, &got); err != nil {
			t.Fatal(err)
		}
		rows := map[string]reportsRow{}
		for _, row := range got.Rows {
			rows[row.At+row.Device+row.Content] = row
		}
		wanted := 0
		for at := from; at.Before(to); at = at.Add(time.Minute) {
			for key, want := range h.Group(at, by).Counts {
				wanted++
				row, ok := rows[at.Format("2006-01-02T15:04:05.000Z")+key]
				if !ok {
					t.Errorf("no row of %s at %s", key, at)
				}
				if diff := cmp.Diff(rowOf(want, by), row.without()); diff != "" {
					t.Errorf("%s by %q at %s: -want +got\n%s", key, by, at, diff)
				}
			}
		}
		if len(rows) != wanted {
			t.Errorf("%d rows by %q, want %d", len(rows), by, wanted)
		}
	}
}

type reportsAnswer struct {
	From  string       `json:"from"`
	To    string       `json:"to"`
	Step  string       `json:"step"`
	By    string       `json:"by"`
	Until *string      `json:"until"`
	Rows  []reportsRow `json:"rows"`
}

type reportsRow struct {
	At      string `json:"at"`
	Device  string `json:"device"`
	Content string `json:"content"`
	Minutes int    `json:"minutes"`
	Streams struct {
		Peak int     `json:"peak"`
		Mean float64 `json:"mean"`
	} `json:"streams"`
	Levels      []map[string]int `json:"levels"`
	Tried       []map[string]int `json:"tried"`
	Starts      int              `json:"starts"`
	Refusals    map[string]int   `json:"refusals"`
	Lapses      int              `json:"lapses"`
	Resumptions int              `json:"resumptions"`
	Ends        map[string]int   `json:"ends"`
	Durations   struct {
		Count     int      `json:"count"`
		Seconds   float64  `json:"seconds"`
		Median    *float64 `json:"median"`
		P95       *float64 `json:"p95"`
		Histogram []struct {
			UpTo  *float64 `json:"upTo"`
			Count int      `json:"count"`
		} `json:"histogram"`
	} `json:"durations"`
}

// without returns the row without what tells it from others.
func (r reportsRow) without() reportsRow {
	r.At, r.Device, r.Content = "", "", ""
	return r
}

// rowOf returns counts of a minute as a row has them.
func rowOf(c *numbers.Counts, by numbers.By) (r reportsRow) {
	r.Minutes, r.Starts, r.Lapses, r.Resumptions = 1, c.Starts, c.Lapses, c.Resumptions
	r.Streams.Peak, r.Streams.Mean = c.Peak, c.Played.Minutes()
	r.Tried = []map[string]int{}
	if by == numbers.All {
		r.Levels = []map[string]int{}
	}
	for level := range 100 {
		if n := c.Levels[level]; n > 0 {
			r.Levels = append(r.Levels, map[string]int{"streams": level, "accounts": n})
		}
		if granted, refused := c.Granted[level], c.Denied[level]; granted+refused > 0 {
			r.Tried = append(r.Tried, map[string]int{"streams": level, "granted": granted, "refused": refused})
		}
	}
	r.Refusals, r.Ends = map[string]int{}, map[string]int{}
	for i, reason := range numbers.RefusalReasons {
		r.Refusals[string(reason)] = c.Refusals[i]
	}
	for i, reason := range numbers.EndReasons {
		r.Ends[string(reason)] = c.Ends[i]
	}
	d := &r.Durations
	d.Count, d.Seconds = c.Over(), c.Held.Seconds()
	if d.Count > 0 {
		median, p95 := c.Quantile(0.5).Seconds(), c.Quantile(0.95).Seconds()
		d.Median, d.P95 = &median, &p95
	}
	d.Histogram = append(d.Histogram, make([]struct {
		UpTo  *float64 `json:"upTo"`
		Count int      `json:"count"`
	}, 17)...)
	for i, n := range c.Durations {
		d.Histogram[i].Count = n
		if i < len(numbers.Bounds) {
			bound := numbers.Bounds[i].Seconds()
			d.Histogram[i].UpTo = &bound
		}
	}
	return r
}

// redis returns a client of the gate's Redis.
func (g *gate) redis(t *testing.T) *redis.Client {
	t.Helper()
	o, err := redis.ParseURL(g.cfg.Redis.URL)
	if err != nil {
		t.Fatal(err)
	}
	client := redis.NewClient(o)
	t.Cleanup(func() { _ = client.Close() })
	return client
}

// history returns the events of an account that Redis still has.
func history(t *testing.T, client redis.UniversalClient, account string) []events.Event {
	t.Helper()
	observer := stream.NewMetrics(metrics.NewRegistry("", ""), func() time.Duration { return 0 })
	outbox := redisstore.New(client, redisstore.NewGuard(lease), stream.NewRules(lease), observer).Tell(time.Hour)
	batch, err := outbox.Take(t.Context(), account, "history", "history", time.Minute)
	if err != nil {
		t.Fatal(err)
	}
	return batch.Events
}

// What several replicas did is counted once, also when all of it is told again.
func TestReportsAreWhatHappened(t *testing.T) {
	t.Parallel()
	away := newEndpoint(t, oldSecret) // for its sake Redis keeps what happened
	away.answers(with(http.StatusServiceUnavailable))
	g := start(t, telling(t, "["+hook("away", away.URL)+"]", "away:"+oldSecret), counting(t))
	replica := func(c *config.Config) { c.Reports, c.Events = g.cfg.Reports, g.cfg.Events }
	other := start(t, sharing(g), replica)
	from := time.Now().UTC().Truncate(time.Minute)
	client := g.redis(t)
	var accounts []string
	var last []int64
	var told []events.Event
	for n, name := range []string{"TV", "Safari on iPhone", "Firefox on Linux", "curl"} {
		here, there := *g, *g
		here.account, there.Running = testkit.NewID(), other.Running
		there.account = here.account
		accounts = append(accounts, here.account)
		tv := here.signIn(t, name)
		beside := *tv
		beside.gate = &there
		id, _ := tv.playing(t, "?device=TV")
		beside.do(t, http.MethodDelete, "/streams/"+id, "").Want(t, http.StatusNoContent)
		lapses, _ := beside.playing(t, "")
		beside.heartbeat(t, lapses, "").Want(t, http.StatusOK)
		for range 2 {
			tv.playing(t, "?device=iPad")
		}
		for range 3 {
			tv.play(t, "?device=iPad").Problem(t, http.StatusForbidden, "stream_limit_reached")
		}
		testkit.Eventually(t, "the lapse is told", func() bool {
			return slices.ContainsFunc(history(t, client, here.account), func(e events.Event) bool { return e.Type == events.StreamLapsed })
		})
		if n%2 == 0 {
			beside.heartbeat(t, lapses, "")
			tv.do(t, http.MethodDelete, "/sessions/"+tv.session, "").Want(t, http.StatusNoContent)
		}
	}
	testkit.Eventually(t, "all that ends is told", func() bool {
		told, last = nil, nil
		live := 0
		for _, account := range accounts {
			all := history(t, client, account)
			told, last = append(told, all...), append(last, all[len(all)-1].Sequence)
			for _, e := range all {
				if e.Type == events.StreamStarted || e.Type == events.StreamResumed {
					live++
				}
				if e.Type == events.StreamLapsed || e.Type == events.StreamEnded && held(all, e) {
					live--
				}
			}
		}
		return live == 0
	})
	all := func() bool {
		for i, account := range accounts {
			if n, err := client.HGet(t.Context(), "a:{"+account+"}:events", "to:reports").Int64(); err != nil || n < last[i] {
				return false
			}
		}
		return true
	}
	testkit.Eventually(t, "all is noted", all)
	to := time.Now().UTC().Truncate(time.Minute).Add(time.Minute)
	g.count(t, to)
	desk := g.signIn(t, "Desk")
	desk.becomeAdmin(t)
	wantReports(t, desk, told, from, to)

	for _, account := range accounts {
		if err := client.HDel(t.Context(), "a:{"+account+"}:events", "to:reports").Err(); err != nil {
			t.Fatal(err)
		}
	}
	start(t, sharing(g), replica) // which looks at all accounts
	testkit.Eventually(t, "all is noted again", all)
	to = to.Add(time.Minute)
	g.count(t, to)
	wantReports(t, desk, told, from, to)
}

// held reports whether a stream had its slot when it ended.
func held(all []events.Event, end events.Event) (held bool) {
	for _, e := range all {
		if e.Data.Stream == end.Data.Stream && e.Sequence < end.Sequence {
			held = e.Type != events.StreamLapsed
		}
	}
	return held
}

// told returns a running gate with a history of an hour that was over an hour ago, and an administrator.
func told(t *testing.T) (desk *device, all []events.Event, from, to time.Time) {
	t.Helper()
	g := start(t, counting(t))
	to = time.Now().UTC().Truncate(time.Hour)
	from = to.Add(-time.Hour)
	random := rand.New(rand.NewPCG(13, 8))
	for n := range 2 {
		all = append(all, reporttest.Account(random, 2+n, from, from.Add(12*time.Minute), []string{g.content, testkit.NewID()})...)
	}
	for _, e := range all {
		if err := (numbers.Sink{Store: g.facts(t)}).Send(t.Context(), &e); err != nil {
			t.Fatal(err)
		}
	}
	g.count(t, to)
	desk = g.signIn(t, "Desk")
	desk.becomeAdmin(t)
	return desk, all, from, to
}

// Hours and days are their minutes, and each format says the same.
func TestStepsAndFormatsOfReports(t *testing.T) {
	t.Parallel()
	desk, all, from, to := told(t)
	wantReports(t, desk, all, from, from.Add(15*time.Minute))
	h, sum := reporttest.Read(all, to.Add(time.Hour)), &numbers.Counts{}
	for at := from; at.Before(to); at = at.Add(time.Minute) {
		sum.Add(h.Group(at, numbers.All).Counts[""])
	}
	var hours reportsAnswer
	answer := desk.do(t, http.MethodGet, "/reports?step=hour&from="+from.Format(time.RFC3339), "").Want(t, http.StatusOK)
	if err := json.Unmarshal(answer.Body, &hours); err != nil || len(hours.Rows) != 1 || hours.Rows[0].Minutes != 60 {
		t.Fatal(err, string(answer.Body))
	}
	want := rowOf(sum, numbers.All)
	want.Minutes, want.Streams.Mean = 60, want.Streams.Mean/60
	if diff := cmp.Diff(want, hours.Rows[0].without(), cmpopts.EquateApprox(0, 1e-9)); diff != "" {
		t.Errorf("-want +got\n%s", diff)
	}
	desk.do(t, http.MethodGet, "/reports?step=day", "").Want(t, http.StatusOK) // whose rows are of days that are over

	for by, key := range map[string]string{"": "minutes", "&by=device": "device", "&by=content": "content"} {
		query := "/reports?from=" + from.Format(time.RFC3339) + "&to=" + from.Add(15*time.Minute).Format(time.RFC3339) + by
		table := desk.do(t, http.MethodGet, query, "", testkit.Header("Accept", "text/csv")).Want(t, http.StatusOK)
		lines, err := csv.NewReader(bytes.NewReader(table.Body)).ReadAll()
		if err != nil || lines[0][0] != "time" || lines[0][1] != key || !strings.HasPrefix(table.Header.Get("Content-Disposition"), "attachment; filename=\"reports-minute-") {
			t.Fatal(err, lines[0], table.Header)
		}
		var rows reportsAnswer
		if err := json.Unmarshal(desk.do(t, http.MethodGet, query, "").Want(t, http.StatusOK).Body, &rows); err != nil || len(rows.Rows) != len(lines)-1 {
			t.Fatalf("%d rows, %d lines: %v", len(rows.Rows), len(lines), err)
		}
		file := desk.do(t, http.MethodGet, query+"&format=parquet", "").Want(t, http.StatusOK).Body
		read, err := parquet.OpenFile(bytes.NewReader(file), int64(len(file)))
		if err != nil || read.NumRows() != int64(len(rows.Rows)) {
			t.Fatal(read.NumRows(), err)
		}
		var packed []map[string]any
		reader := parquet.NewGenericReader[map[string]any](read, read.Schema())
		for range rows.Rows {
			packed = append(packed, map[string]any{})
		}
		for n := 0; n < len(packed); { // it may return less than it is asked for
			more, err := reader.Read(packed[n:])
			if n += more; more == 0 {
				t.Fatal(n, err)
			}
		}
		for i, line := range lines[1:] {
			for column, text := range line {
				if got := cell(lines[0][column], packed[i][lines[0][column]]); got != text {
					t.Errorf("row %d: %s is %q in CSV, %q in Parquet", i, lines[0][column], text, got)
				}
			}
			row := rows.Rows[i]
			for name, want := range map[string]any{
				"time": row.At, "minutes": row.Minutes, "peak": row.Streams.Peak, "starts": row.Starts, "lapses": row.Lapses, "resumptions": row.Resumptions,
				"refused_limit_reached": row.Refusals["limit_reached"], "ended_evicted": row.Ends["evicted"], "over": row.Durations.Count,
				"over_30": row.Durations.Histogram[1].Count, "over_more": row.Durations.Histogram[16].Count,
			} {
				if got := line[slices.Index(lines[0], name)]; got != fmt.Sprint(want) {
					t.Errorf("row %d: %s is %s in CSV, %v in JSON", i, name, got, want)
				}
			}
		}
	}
}

// cell returns a value of Parquet as CSV has it. Times are numbers with a meaning that their column tells.
func cell(column string, value any) string {
	switch v := value.(type) {
	case int64:
		if column == "time" {
			return time.UnixMilli(v).UTC().Format("2006-01-02T15:04:05.000Z")
		}
		return strconv.FormatInt(v, 10)
	case float64:
		return strconv.FormatFloat(v, 'f', -1, 64)
	default:
		return fmt.Sprint(v)
	}
}

func TestReportsThatAreNotThere(t *testing.T) {
	t.Parallel()
	g := start(t, counting(t))
	desk := g.signIn(t, "Desk")
	desk.do(t, http.MethodGet, "/reports", "").Problem(t, http.StatusForbidden, "admin_required")
	desk.becomeAdmin(t)
	testkit.Do(t, http.MethodGet, g.PublicURL+"/reports", "").Problem(t, http.StatusUnauthorized, "token_required")
	for query, field := range map[string]string{
		"step=week": "step", "by=account": "by", "format=xml": "format", "from=yesterday": "from", "to=2026-13-01T00:00:00Z": "to", "x=1": "x", "from=&step=": "",
		"from=2026-01-02T03:04:05+01:00":                    "from", // whose plus is a space
		"from=2026-01-02T03:04:05Z&to=2026-01-02T03:04:00Z": "from", "from=2026-01-02T00:00:00Z&to=2026-01-01T00:00:00Z": "from",
		"from=2026-01-01T00:00:00Z&to=2026-03-01T00:00:00Z":           "from",
		"from=2026-01-01T00:00:00Z&to=2028-03-01T00:00:00Z&step=hour": "from",
		"from=2026-01-01T00:00:00Z&to=2040-03-01T00:00:00Z&step=day":  "from",
		"from=0001-01-01T00:00:00Z":                                   "from",
		"from=2026-01-01T00:00:00Z&from=2026-01-01T00:00:00Z":         "from",
	} {
		answer := desk.do(t, http.MethodGet, "/reports?"+query, "")
		if field == "" {
			answer.Want(t, http.StatusOK)
			continue
		}
		answer.Problem(t, http.StatusBadRequest, "invalid_input", field)
	}
	long := desk.do(t, http.MethodGet, "/reports?from=2026-01-01T00:00:00Z&to=2026-03-01T00:00:00Z", "").JSON(t)
	if detail := long["detail"].(string); !strings.Contains(detail, "31 days; ask for less, or by the hour") {
		t.Error(detail)
	}
	var empty reportsAnswer
	if err := json.Unmarshal(desk.do(t, http.MethodGet, "/reports?step=hour", "").Want(t, http.StatusOK).Body, &empty); err != nil {
		t.Fatal(err)
	}
	to, err := time.Parse(time.RFC3339, empty.To)
	if from := to.Add(-48 * time.Hour).Format("2006-01-02T15:04:05.000Z"); err != nil || time.Since(to).Abs() > 2*time.Hour || empty.From != from || empty.Rows == nil {
		t.Errorf("%+v: %v", empty, err)
	}
	off := start(t)
	desk = off.signIn(t, "Desk")
	desk.becomeAdmin(t)
	desk.do(t, http.MethodGet, "/reports", "").Problem(t, http.StatusNotFound, "not_found")
}

// An account's data show what reports have of it, until it is erased; the numbers stay.
func TestReportsOfAnErasedAccount(t *testing.T) {
	t.Parallel()
	g := start(t, telling(t, ""), counting(t))
	tv := g.signIn(t, "TV")
	from := time.Now().UTC().Truncate(time.Minute)
	for range 3 {
		tv.playing(t, "?device=TV")
	}
	tv.play(t, "?device=TV").Problem(t, http.StatusForbidden, "stream_limit_reached")
	path := "/internal/accounts/" + g.account + "/data"
	history := func() []any {
		all, _ := g.internal(t, http.MethodGet, path, "").Want(t, http.StatusOK).JSON(t)["history"].([]any)
		return all
	}
	testkit.Eventually(t, "it is shown", func() bool { return len(history()) == 4 })
	for _, each := range history() {
		if fact := each.(map[string]any); fact["content"] != g.content || fact["device"] != "tv" {
			t.Error(fact)
		}
	}
	g.internal(t, http.MethodDelete, path, "").Want(t, http.StatusNoContent)
	client := g.redis(t)
	testkit.Eventually(t, "nothing is left to tell", func() bool {
		all, err := client.HGetAll(t.Context(), "a:{"+g.account+"}:events").Result()
		return err == nil && all["last"] != "" && all["to:reports"] == "" && len(all) <= 3
	})
	if left := history(); len(left) > 0 {
		t.Error(left)
	}
	to := time.Now().UTC().Truncate(time.Minute).Add(time.Minute)
	g.count(t, to)
	other := *g
	other.account = testkit.NewID()
	desk := other.signIn(t, "Desk")
	desk.becomeAdmin(t)
	var got reportsAnswer
	answer := desk.do(t, http.MethodGet, "/reports?from="+from.Format(time.RFC3339), "").Want(t, http.StatusOK)
	if err := json.Unmarshal(answer.Body, &got); err != nil {
		t.Fatal(err)
	}
	starts, refused, ends, level := 0, 0, 0, 0
	for _, row := range got.Rows {
		starts += row.Starts
		refused += row.Refusals["limit_reached"]
		ends += row.Ends["session_ended"]
		for _, l := range row.Levels {
			level = max(level, l["streams"])
		}
	}
	if starts != 3 || refused != 1 || ends != 3 || level != 3 {
		t.Errorf("%d starts, %d refusals, %d ends, level %d: %s", starts, refused, ends, level, answer.Body)
	}
}
