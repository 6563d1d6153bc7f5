// Package storetest tests a video.Store against its contract.
package storetest

import (
	"errors"
	"slices"
	"strconv"
	"sync"
	"testing"
	"time"

	"streamgate/content-svc/internal/video"
	"streamgate/libs/listing"
	"streamgate/libs/objectid"
	"streamgate/libs/testkit"
)

// Run runs the suite. The function returns an empty store.
func Run(t *testing.T, empty func(t *testing.T) video.Store) {
	t.Helper()
	testkit.Suite(t, empty, map[string]func(*testing.T, video.Store){
		"what is inserted is there as it is": inserted,
		"what is not there is ErrNotFound":   missing,
		"an id is inserted once":             twice,
		"an update changes what it names":    updated,
		"what is deleted is gone":            deleted,
		"lists are in order, page by page":   listed,
		"a search finds text as it is":       searched,
		"a seed grows once":                  seeded,
		"a seed spares what is there":        spared,
		"seeds at the same time are one":     together,
	})
}

var made = time.Date(2026, 1, 2, 3, 4, 5, 678e6, time.UTC)

func sample(name string) video.Content {
	return video.Content{
		ID: objectid.New(), Type: video.VOD, Name: name, Description: "On " + name, Src: "demo/" + name, CreatedAt: made, UpdatedAt: made,
	}
}

func insert(t *testing.T, s video.Store, contents ...video.Content) {
	t.Helper()
	for _, c := range contents {
		if err := s.Insert(t.Context(), c); err != nil {
			t.Fatal(err)
		}
	}
}

func get(t *testing.T, s video.Store, id objectid.ID) video.Content {
	t.Helper()
	c, err := s.Get(t.Context(), id)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func inserted(t *testing.T, s video.Store) {
	for _, c := range []video.Content{
		sample("bars.mp4"),
		{
			ID: objectid.New(), Type: video.Livestream, Name: `{"$ne": "ünï 🎬"}`, Src: "https://example.com/$x.m3u8",
			CreatedAt: made, UpdatedAt: made.Add(time.Millisecond),
		},
	} {
		insert(t, s, c)
		if got := get(t, s, c.ID); got != c {
			t.Errorf("got %+v, want %+v", got, c)
		}
	}
}

func missing(t *testing.T, s video.Store) {
	insert(t, s, sample("other"))
	id := objectid.New()
	_, getErr := s.Get(t.Context(), id)
	name := "new"
	_, updateErr := s.Update(t.Context(), id, video.Update{Change: video.Change{Name: &name}, At: made})
	for verb, err := range map[string]error{"get": getErr, "update": updateErr, "delete": s.Delete(t.Context(), id)} {
		if !errors.Is(err, video.ErrNotFound) {
			t.Errorf("%s: %v", verb, err)
		}
	}
	if _, total, err := s.List(t.Context(), query()); err != nil || total != 1 {
		t.Errorf("%d contents, %v: an update of a missing content added one", total, err)
	}
}

func twice(t *testing.T, s video.Store) {
	c := sample("one")
	insert(t, s, c)
	other := c
	other.Name = "two"
	if err := s.Insert(t.Context(), other); err == nil {
		t.Error("no error")
	}
	if got := get(t, s, c.ID); got != c {
		t.Errorf("changed to %+v", got)
	}
}

func updated(t *testing.T, s video.Store) {
	c, later := sample("before"), made.Add(time.Hour)
	insert(t, s, c)
	name, description, src, kind := "after", "", "https://example.com/x.mp4", video.Livestream
	for _, step := range []struct {
		change video.Change
		apply  func()
	}{
		{video.Change{Name: &name}, func() { c.Name = name }},
		{video.Change{Description: &description}, func() { c.Description = description }},
		{video.Change{Src: &src, Type: &kind}, func() { c.Src, c.Type = src, kind }},
	} {
		later = later.Add(time.Second)
		step.apply()
		c.UpdatedAt = later
		got, err := s.Update(t.Context(), c.ID, video.Update{Change: step.change, At: later})
		if err != nil || got != c {
			t.Errorf("answered %+v, %v; want %+v", got, err, c)
		}
		if got := get(t, s, c.ID); got != c {
			t.Errorf("stored %+v, want %+v", got, c)
		}
	}
}

// Concurrent tests that updates are atomic. It is apart from Run, since FerretDB, which stands in for MongoDB in tests, reads and writes
// in two steps.
func Concurrent(t *testing.T, s video.Store) {
	t.Helper()
	c := sample("before")
	insert(t, s, c)
	for range 20 {
		name, src := objectid.New().String(), objectid.New().String()
		var running sync.WaitGroup
		for _, change := range []video.Change{{Name: &name}, {Src: &src}} {
			running.Go(func() {
				if _, err := s.Update(t.Context(), c.ID, video.Update{Change: change, At: made}); err != nil {
					t.Error(err)
				}
			})
		}
		running.Wait()
		if got := get(t, s, c.ID); got.Name != name || got.Src != src {
			t.Fatalf("one of two updates was lost: %+v", got)
		}
	}
}

func deleted(t *testing.T, s video.Store) {
	c, other := sample("one"), sample("two")
	insert(t, s, c, other)
	if err := s.Delete(t.Context(), c.ID); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Get(t.Context(), c.ID); !errors.Is(err, video.ErrNotFound) {
		t.Errorf("still there: %v", err)
	}
	if err := s.Delete(t.Context(), c.ID); !errors.Is(err, video.ErrNotFound) {
		t.Errorf("deleted twice: %v", err)
	}
	get(t, s, other.ID)
}

func query(sort ...listing.SortKey) listing.Query {
	return listing.Query{Page: 1, Limit: 30, Sort: sort}
}

// names returns the names of a page.
func names(t *testing.T, s video.Store, q listing.Query) ([]string, int64) {
	t.Helper()
	contents, total, err := s.List(t.Context(), q)
	if err != nil {
		t.Fatal(err)
	}
	var all []string
	for _, c := range contents {
		all = append(all, c.Name)
	}
	return all, total
}

func listed(t *testing.T, s video.Store) {
	if got, total := names(t, s, query()); len(got) != 0 || total != 0 {
		t.Errorf("an empty store has %v", got)
	}
	for i, c := range []video.Content{sample("c"), sample("a"), sample("B"), sample("d")} {
		c.CreatedAt = made.Add(time.Duration(i) * time.Second)
		if i >= 2 {
			c.Type = video.Livestream
		}
		insert(t, s, c)
	}
	for _, each := range []struct {
		sort []listing.SortKey
		want []string
	}{
		{[]listing.SortKey{{Field: "createdAt"}}, []string{"c", "a", "B", "d"}},
		{[]listing.SortKey{{Field: "createdAt", Descending: true}}, []string{"d", "B", "a", "c"}},
		{[]listing.SortKey{{Field: "name"}}, []string{"B", "a", "c", "d"}},
		{[]listing.SortKey{{Field: "type"}, {Field: "name", Descending: true}}, []string{"d", "B", "c", "a"}},
	} {
		q := query(each.sort...)
		if got, total := names(t, s, q); !slices.Equal(got, each.want) || total != 4 {
			t.Errorf("by %v: %v of %d, want %v", each.sort, got, total, each.want)
		}
		var paged []string
		for q.Limit, q.Page = 3, 1; q.Page <= 3; q.Page++ {
			page, total := names(t, s, q)
			if paged = append(paged, page...); total != 4 {
				t.Errorf("page %d: %d in all", q.Page, total)
			}
		}
		if !slices.Equal(paged, each.want) {
			t.Errorf("by %v, in pages: %v, want %v", each.sort, paged, each.want)
		}
	}

	// Equals have an order too, or pages overlap.
	for range 12 {
		insert(t, s, sample("same"))
	}
	seen := map[objectid.ID]bool{}
	for page := 1; page <= 4; page++ {
		contents, _, err := s.List(t.Context(), listing.Query{Page: page, Limit: 4, Sort: []listing.SortKey{{Field: "type"}}})
		if err != nil {
			t.Fatal(err)
		}
		for _, c := range contents {
			seen[c.ID] = true
		}
	}
	if len(seen) != 16 {
		t.Errorf("four pages of four have %d different contents", len(seen))
	}
}

func searched(t *testing.T, s video.Store) {
	big, dots, plain := sample("Big Buck"), sample("a.b*c (1)"), sample("axbbc")
	big.Description = "A RABBIT's revenge"
	insert(t, s, big, dots, plain)
	for q, want := range map[string][]string{
		"":          {"Big Buck", "a.b*c (1)", "axbbc"},
		"buck":      {"Big Buck"},
		"rabbit":    {"Big Buck"},
		".b*c (":    {"a.b*c (1)"},
		".*":        nil,
		"demo/":     nil, // src is not searched
		"on a":      {"a.b*c (1)", "axbbc"},
		`{"$ne":1}`: nil,
	} {
		all := query(listing.SortKey{Field: "name"})
		all.Q = q
		if got, total := names(t, s, all); !slices.Equal(got, want) || total != int64(len(want)) {
			t.Errorf("%q finds %v of %d, want %v", q, got, total, want)
		}
	}
}

func seed(t *testing.T, s video.Store, name string, contents ...video.Content) {
	t.Helper()
	if err := s.Seed(t.Context(), name, contents); err != nil {
		t.Fatal(err)
	}
}

func seeded(t *testing.T, s video.Store) {
	one, two := sample("one"), sample("two")
	seed(t, s, "demo", one, two)
	if got := get(t, s, one.ID); got != one {
		t.Errorf("got %+v, want %+v", got, one)
	}
	if err := s.Delete(t.Context(), one.ID); err != nil {
		t.Fatal(err)
	}
	seed(t, s, "demo", one, two, sample("three"))
	if got, _ := names(t, s, query()); !slices.Equal(got, []string{"two"}) {
		t.Errorf("after a deletion and a second seed: %v", got)
	}
	seed(t, s, "another", one)
	get(t, s, one.ID)
}

func spared(t *testing.T, s video.Store) {
	one, two := sample("one"), sample("two")
	mine := one
	mine.Name = "mine"
	insert(t, s, mine)
	seed(t, s, "demo", one, two)
	if got := get(t, s, one.ID); got != mine {
		t.Errorf("overwritten by %+v", got)
	}
	get(t, s, two.ID)
}

func together(t *testing.T, s video.Store) {
	var contents []video.Content
	for i := range 5 {
		contents = append(contents, sample(strconv.Itoa(i)))
	}
	var running sync.WaitGroup
	for range 8 {
		running.Go(func() {
			if err := s.Seed(t.Context(), "demo", contents); err != nil {
				t.Error(err)
			}
		})
	}
	running.Wait()
	if _, total, err := s.List(t.Context(), query()); err != nil || total != 5 {
		t.Errorf("%d contents, %v; want 5", total, err)
	}
}
