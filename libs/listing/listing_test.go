package listing_test

import (
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"reflect"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/gin-gonic/gin"

	"streamgate/libs/bind"
	"streamgate/libs/fault"
	"streamgate/libs/listing"
	"streamgate/libs/testkit"
)

var (
	newest = []listing.SortKey{{Field: "createdAt", Descending: true}}
	spec   = listing.Spec{Sortable: []string{"createdAt", "name"}, Fields: []string{"id", "name", "createdAt"}, DefaultSort: newest}
)

func get(t testing.TB, address string) (*gin.Context, *httptest.ResponseRecorder) {
	t.Helper()
	w := httptest.NewRecorder()
	c, _ := gin.CreateTestContext(w)
	c.Request = httptest.NewRequestWithContext(t.Context(), http.MethodGet, address, nil)
	return c, w
}

func TestParse(t *testing.T) {
	t.Parallel()
	name := listing.SortKey{Field: "name"}
	for query, want := range map[string]listing.Query{
		"":                                   {Page: 1, Limit: 30, Sort: newest},
		"q=+a%20b+&page=2&limit=100":         {Q: "a b", Page: 2, Limit: 100, Sort: newest},
		"page=1&limit=1":                     {Page: 1, Limit: 1, Sort: newest},
		"page=100000":                        {Page: 100_000, Limit: 30, Sort: newest},
		"sort=name":                          {Page: 1, Limit: 30, Sort: []listing.SortKey{name}},
		"sort=-createdAt,name":               {Page: 1, Limit: 30, Sort: append(slices.Clone(newest), name)},
		"fields=name,id":                     {Page: 1, Limit: 30, Sort: newest, Fields: []string{"name", "id"}},
		"q=&sort=&fields=":                   {Page: 1, Limit: 30, Sort: newest},
		"q=" + strings.Repeat("%C3%BC", 100): {Q: strings.Repeat("ü", 100), Page: 1, Limit: 30, Sort: newest},
		"q=.*%24ne":                          {Q: ".*$ne", Page: 1, Limit: 30, Sort: newest},
	} {
		c, _ := get(t, "/?"+query)
		if got, err := listing.Parse(c, spec); err != nil || !reflect.DeepEqual(got, want) {
			t.Errorf("%s: %+v, %v, want %+v", query, got, err, want)
		}
	}
	for query, bad := range map[string][]string{
		"page=0":                               {"page"},
		"page=-1":                              {"page"},
		"page=100001":                          {"page"},
		"page=one":                             {"page"},
		"page=":                                {"page"},
		"page=1&page=2":                        {"page"},
		"limit=0":                              {"limit"},
		"limit=101":                            {"limit"},
		"limit=1.5":                            {"limit"},
		"sort=email":                           {"sort"},
		"sort=name,-name":                      {"sort"},
		"sort=--name":                          {"sort"},
		"sort=name,":                           {"sort"},
		"sort=name%20":                         {"sort"},
		"sort=$where":                          {"sort"},
		"fields=password":                      {"fields"},
		"fields=name,":                         {"fields"},
		"order=name":                           {"order"},
		"Page=2":                               {"Page"},
		"q[$ne]=1":                             {"q[$ne]"},
		"q=a%00b":                              {"q"},
		"q=a%0Ab":                              {"q"},
		"q=%ff":                                {"q"},
		"q=" + strings.Repeat("a", 101):        {"q"},
		"page=0&limit=0&sort=x&fields=y&q=%01": {"fields", "limit", "page", "q", "sort"},
	} {
		c, _ := get(t, "/?"+query)
		_, err := listing.Parse(c, spec)
		e, _ := errors.AsType[*fault.Error](err)
		var names []string
		if e != nil && e.Kind == fault.Invalid {
			for _, field := range e.Fields {
				names = append(names, field.Name)
			}
		}
		if slices.Sort(names); !slices.Equal(names, bad) {
			t.Errorf("%s: %v, want %q named", query, err, bad)
		}
	}
}

type item struct {
	ID   string   `json:"id"`
	Name string   `json:"name"`
	More []string `json:"more"`
}

func TestAnswer(t *testing.T) {
	t.Parallel()
	items := []item{{"1", "a <b>", nil}, {"2", "ü", []string{"x"}}}
	for name, test := range map[string]struct {
		items  []item
		fields []string
		want   string
	}{
		"all":                      {items, nil, `[{"id":"1","name":"a <b>","more":[]},{"id":"2","name":"ü","more":["x"]}]`},
		"none":                     {nil, nil, `[]`},
		"one field":                {items, []string{"name"}, `[{"name":"a <b>"},{"name":"ü"}]`},
		"in any order, even twice": {items, []string{"name", "id", "name"}, `[{"id":"1","name":"a <b>"},{"id":"2","name":"ü"}]`},
	} {
		c, w := get(t, "/content")
		if err := listing.Answer(c, listing.Query{Page: 1, Limit: 30, Fields: test.fields}, test.items, 2); err != nil {
			t.Fatal(err)
		}
		if w.Code != 200 || w.Body.String() != test.want || w.Header().Get("X-Total-Count") != "2" {
			t.Errorf("%s: %d %s, want %s; %v", name, w.Code, w.Body, test.want, w.Header())
		}
		if got := w.Header().Get("Content-Type"); got != "application/json; charset=utf-8" {
			t.Errorf("%s: content type %s", name, got)
		}
	}
	c, _ := get(t, "/content")
	if err := listing.Answer(c, listing.Query{Page: 1, Limit: 1}, []any{make(chan int)}, 1); err == nil || c.Writer.Written() {
		t.Errorf("what JSON can't say is answered: %v", err)
	}
}

// link is one of the references of a Link header.
var link = regexp.MustCompile(`</content\?(?:limit=\d+&)?page=(\d+)>; rel="(\w+)"`)

func TestLink(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		page, limit int
		total       int64
		want        string
	}{
		"empty":                          {1, 30, 0, "first 1, last 1"},
		"one page":                       {1, 30, 30, "first 1, last 1"},
		"first of two":                   {1, 30, 31, "first 1, next 2, last 2"},
		"middle":                         {2, 1, 3, "first 1, prev 1, next 3, last 3"},
		"last":                           {3, 1, 3, "first 1, prev 2, last 3"},
		"far beyond":                     {9, 1, 3, "first 1, prev 3, last 3"},
		"a page that can't be asked for": {1, 1, 1e9, "first 1, next 2, last 100000"},
	} {
		c, w := get(t, fmt.Sprintf("/content?page=%d&limit=%d", test.page, test.limit))
		if err := listing.Answer(c, listing.Query{Page: test.page, Limit: test.limit}, []item{}, test.total); err != nil {
			t.Fatal(err)
		}
		if got := link.ReplaceAllString(w.Header().Get("Link"), "$2 $1"); got != test.want {
			t.Errorf("%s: %s, want %s", name, got, test.want)
		}
	}
}

func TestLinkQuotesTheRequestSafely(t *testing.T) {
	t.Parallel()
	c, w := get(t, "/con%3Etent%0d%0a?q=%3E%0d%0aX-Evil:1&access_token=secret")
	if err := listing.Answer(c, listing.Query{Page: 1, Limit: 30}, []item{}, 1); err != nil {
		t.Fatal(err)
	}
	const page = `</con%3Etent%0d%0a?page=1&q=%3E%0D%0AX-Evil%3A1>`
	if got, want := w.Header().Get("Link"), page+`; rel="first", `+page+`; rel="last"`; got != want {
		t.Errorf("%s, want %s", got, want)
	}
}

// A client that follows the links meets every page once.
func TestFollowingTheLinks(t *testing.T) {
	t.Parallel()
	e := gin.New()
	e.GET("/content", func(c *gin.Context) {
		if _, _, err := bind.TakeQueryParameter(c, "access_token"); err != nil {
			t.Error(err)
		}
		q, err := listing.Parse(c, spec)
		if err != nil {
			t.Error(err)
			return
		}
		var page []string
		for i := (q.Page - 1) * q.Limit; i < min(7, q.Page*q.Limit); i++ {
			page = append(page, strconv.Itoa(i))
		}
		if err := listing.Answer(c, q, page, 7); err != nil {
			t.Error(err)
		}
	})
	server := httptest.NewServer(e)
	defer server.Close()
	var all []string
	for address := "/content?limit=3&sort=name&q=x&access_token=secret"; address != ""; {
		answer := testkit.Do(t, http.MethodGet, server.URL+address, "").Want(t, 200)
		all = append(all, string(answer.Body))
		address = ""
		for link := range strings.SplitSeq(answer.Header.Get("Link"), ", ") {
			if target, isNext := strings.CutSuffix(link, `>; rel="next"`); isNext {
				address = strings.TrimPrefix(target, "<")
			}
		}
		if next, err := url.Parse(address); err != nil || address != "" && (next.Query().Get("q") != "x" || next.Query().Has("access_token")) {
			t.Fatalf("next is %s, %v", address, err)
		}
	}
	if want := []string{`["0","1","2"]`, `["3","4","5"]`, `["6"]`}; !slices.Equal(all, want) {
		t.Errorf("pages %q, want %q", all, want)
	}
}
