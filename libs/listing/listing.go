package listing

import (
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/gin-gonic/gin"
	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"streamgate/libs/bind"
	"streamgate/libs/fault"
)

// Bounds of the parameters.
const (
	DefaultLimit = 30
	MaxLimit     = 100
	MaxPage      = 100_000 // a database reads and discards everything before a page
	MaxQ         = 100     // characters
)

// Query selects a page of a list.
type Query struct {
	Q           string    // text to search for; "" is no search
	Page, Limit int       // from 1; 1 to MaxLimit
	Sort        []SortKey // first key first
	Fields      []string  // fields of each item to show, in any order; none means all
}

// SortKey is one field of a sort order.
type SortKey struct {
	Field      string
	Descending bool
}

// Spec describes what a list supports.
type Spec struct {
	Sortable    []string // fields that it can be sorted by
	Fields      []string // fields that an item has
	DefaultSort []SortKey
}

// Parse reads q, page, limit, sort and fields from the query. Its error names every faulty parameter.
func Parse(c *gin.Context, spec Spec) (Query, error) {
	given := struct {
		Q      string `json:"q"`
		Page   *int   `json:"page"`
		Limit  *int   `json:"limit"`
		Sort   string `json:"sort"`
		Fields string `json:"fields"`
	}{}
	if err := bind.Query(c, &given); err != nil {
		return Query{}, err
	}
	q := Query{Q: strings.TrimSpace(given.Q), Page: 1, Limit: DefaultLimit, Sort: spec.DefaultSort}
	var faults []fault.Field
	bad := func(name, format string, args ...any) {
		faults = append(faults, fault.Field{Name: name, Detail: fmt.Sprintf(format, args...)})
	}
	if utf8.RuneCountInString(q.Q) > MaxQ || strings.ContainsFunc(q.Q, unicode.IsControl) {
		bad("q", "must be at most %d characters, without control characters", MaxQ)
	}
	if given.Page != nil {
		if q.Page = *given.Page; q.Page < 1 || q.Page > MaxPage {
			bad("page", "must be from 1 to %d", MaxPage)
		}
	}
	if given.Limit != nil {
		if q.Limit = *given.Limit; q.Limit < 1 || q.Limit > MaxLimit {
			bad("limit", "must be from 1 to %d", MaxLimit)
		}
	}
	if given.Sort != "" {
		var ok bool
		if q.Sort, ok = parseSort(given.Sort, spec.Sortable); !ok {
			bad("sort", "must be a list of different names out of %s, each with or without a minus", strings.Join(spec.Sortable, ", "))
		}
	}
	if given.Fields != "" {
		q.Fields = strings.Split(given.Fields, ",")
		if slices.ContainsFunc(q.Fields, func(f string) bool { return !slices.Contains(spec.Fields, f) }) {
			bad("fields", "must be a list of names out of %s", strings.Join(spec.Fields, ", "))
		}
	}
	if len(faults) > 0 {
		return Query{}, fault.BadFields(faults...)
	}
	return q, nil
}

func parseSort(text string, sortable []string) (keys []SortKey, ok bool) {
	for name := range strings.SplitSeq(text, ",") {
		field, descending := strings.CutPrefix(name, "-")
		if !slices.Contains(sortable, field) || slices.ContainsFunc(keys, func(k SortKey) bool { return k.Field == field }) {
			return nil, false
		}
		keys = append(keys, SortKey{field, descending})
	}
	return keys, true
}

// parameters are the names that Parse reads.
var parameters = []string{"q", "page", "limit", "sort", "fields"}

// Answer writes a page: a bare array of the items, with the number of all items in X-Total-Count and the neighbouring pages in Link (RFC 8288).
func Answer[T any](c *gin.Context, q Query, items []T, total int64) error {
	out := make([]jsontext.Value, len(items))
	for i, item := range items {
		text, err := json.Marshal(item)
		if err == nil && len(q.Fields) > 0 {
			text, err = selectFields(text, q.Fields)
		}
		if err != nil {
			return fmt.Errorf("list: %w", err)
		}
		out[i] = text
	}
	text, err := json.Marshal(out)
	if err != nil {
		return fmt.Errorf("list: %w", err)
	}
	c.Header("X-Total-Count", strconv.FormatInt(total, 10))
	if link := links(c.Request.URL, q, total); link != "" {
		c.Header("Link", link)
	}
	c.Data(http.StatusOK, "application/json; charset=utf-8", text)
	return nil
}

// selectFields keeps some members of an object.
func selectFields(object []byte, fields []string) ([]byte, error) {
	var members map[string]jsontext.Value
	if err := json.Unmarshal(object, &members); err != nil {
		return nil, fmt.Errorf("fields: %w", err)
	}
	for name := range members {
		if !slices.Contains(fields, name) {
			delete(members, name)
		}
	}
	text, err := json.Marshal(members, json.Deterministic(true))
	if err != nil {
		return nil, fmt.Errorf("fields: %w", err)
	}
	return text, nil
}

// links returns relative references, which are right behind every proxy.
func links(u *url.URL, q Query, total int64) string {
	last := min(max(1, int((total+int64(q.Limit)-1)/int64(q.Limit))), MaxPage)
	query := u.Query()
	maps.DeleteFunc(query, func(name string, _ []string) bool { return !slices.Contains(parameters, name) }) // such as an access token
	var all []string
	add := func(rel string, page int) {
		query.Set("page", strconv.Itoa(page))
		all = append(all, fmt.Sprintf(`<%s?%s>; rel="%s"`, u.EscapedPath(), query.Encode(), rel))
	}
	add("first", 1)
	if q.Page > 1 {
		add("prev", min(q.Page-1, last))
	}
	if q.Page < last {
		add("next", q.Page+1)
	}
	add("last", last)
	return strings.Join(all, ", ")
}
