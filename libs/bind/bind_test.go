package bind_test

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/gin-gonic/gin"

	"streamgate/libs/bind"
	"streamgate/libs/fault"
	"streamgate/libs/problem"
)

const (
	formType = "application/x-www-form-urlencoded"
	jsonType = "application/json"
)

// input has a field of every kind that may be bound.
type input struct {
	Email  string  `json:"email,omitzero"`
	Name   *string `json:"name,omitzero"`
	Limit  int     `json:"limit,omitzero"`
	Page   *int    `json:"page,omitzero"`
	Active bool    `json:"active,omitzero"`
	Public *bool   `json:"public,omitzero"`
}

func TestMain(m *testing.M) {
	gin.SetMode(gin.ReleaseMode)
	m.Run()
}

// request returns the context of a POST. A body without a content type is sent without one.
func request(t testing.TB, query, contentType string, body io.Reader) *gin.Context {
	t.Helper()
	c, _ := gin.CreateTestContext(httptest.NewRecorder())
	c.Request = httptest.NewRequestWithContext(t.Context(), http.MethodPost, "/?"+query, body)
	if contentType != "" {
		c.Request.Header.Set("Content-Type", contentType)
	}
	return c
}

// chunked hides the length of a body.
type chunked struct{ io.Reader }

// named returns the fields that an error names.
func named(err error) []string {
	var names []string
	if e, ok := errors.AsType[*fault.Error](err); ok {
		for _, field := range e.Fields {
			names = append(names, field.Name)
		}
	}
	return names
}

func TestBodyOfJSON(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		body string
		want input
		bad  []string // the fields at fault; none means accepted
	}{
		"all kinds": {
			body: `{"email":"a@b.c","name":"","limit":-3,"page":0,"active":true,"public":false}`,
			want: input{Email: "a@b.c", Name: new(""), Limit: -3, Page: new(0), Active: true, Public: new(false)},
		},
		"nothing":             {body: `{}`},
		"space around":        {body: " \r\n{\"limit\": 1}\t", want: input{Limit: 1}},
		"not ASCII":           {body: `{"email":"ü\u0000😀"}`, want: input{Email: "ü\x00😀"}},
		"unknown":             {body: `{"role":"admin"}`, bad: []string{"role"}},
		"unknown, empty name": {body: `{"":1}`, bad: []string{"body"}},
		"case variant":        {body: `{"Email":"a"}`, bad: []string{"Email"}},
		"case variants":       {body: `{"email":"a","EMAIL":"b"}`, bad: []string{"EMAIL"}},
		"repeated":            {body: `{"email":"a","email":"a"}`, bad: []string{"email"}},
		"repeated, escaped":   {body: `{"email":"a","em\u0061il":"b"}`, bad: []string{"email"}},
		"repeated, deep":      {body: `{"email":{"a":1,"a":2}}`, bad: []string{"email.a"}},
		"operator":            {body: `{"email":{"$ne":""}}`, bad: []string{"email"}},
		"operator in a list":  {body: `{"email":[{"$gt":""}]}`, bad: []string{"email"}},
		"number as string":    {body: `{"limit":"3"}`, bad: []string{"limit"}},
		"string as number":    {body: `{"email":3}`, bad: []string{"email"}},
		"boolean as string":   {body: `{"active":"true"}`, bad: []string{"active"}},
		"boolean as number":   {body: `{"public":1}`, bad: []string{"public"}},
		"fraction":            {body: `{"limit":1.5}`, bad: []string{"limit"}},
		"exponent":            {body: `{"limit":1e2}`, bad: []string{"limit"}},
		"too large a number":  {body: `{"page":9223372036854775808}`, bad: []string{"page"}},
		"null":                {body: `{"email":null}`, bad: []string{"email"}},
		"null for a pointer":  {body: `{"name":null}`, bad: []string{"name"}},
		"all null":            {body: `null`, bad: []string{"body"}},
		"a list":              {body: `[]`, bad: []string{"body"}},
		"a string":            {body: `"email"`, bad: []string{"body"}},
		"several faults":      {body: `{"role":1,"limit":"x","email":null,"name":"right"}`, bad: []string{"email", "limit", "role"}},
		"trailing word":       {body: `{"email":"a"} x`, bad: []string{"body"}},
		"trailing object":     {body: `{"email":"a"}{}`, bad: []string{"body"}},
		"trailing comma":      {body: `{"email":"a",}`, bad: []string{"body"}},
		"cut off":             {body: `{"email":"a`, bad: []string{"email"}},
		"spaces only":         {body: `   `, bad: []string{"body"}},
		"comment":             {body: `{/**/}`, bad: []string{"body"}},
		"single quotes":       {body: `{'email':'a'}`, bad: []string{"body"}},
		"byte order mark":     {body: "\ufeff{\"limit\": 1}", want: input{Limit: 1}},
		"only that mark":      {body: "\ufeff"},
		"two such marks":      {body: "\ufeff\ufeff{}", bad: []string{"body"}},
		"a mark at the end":   {body: "{}\ufeff", bad: []string{"body"}},
		"UTF-16":              {body: "{\x00}\x00", bad: []string{"body"}},
		"broken UTF-8":        {body: "{\"email\":\"\xff\"}", bad: []string{"email"}},
		"overlong UTF-8":      {body: "{\"email\":\"\xc0\xae\"}", bad: []string{"email"}},
		"half a surrogate":    {body: `{"email":"\ud800"}`, bad: []string{"email"}},
		"raw control":         {body: "{\"email\":\"\n\"}", bad: []string{"email"}},
		"a form":              {body: `email=a`, bad: []string{"body"}},
		"deep":                {body: strings.Repeat("[", 60_000), bad: []string{"body"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var got input
			err := bind.Body(request(t, "", jsonType, strings.NewReader(test.body)), &got)
			if names := named(err); !slices.Equal(names, test.bad) || (err != nil) != (test.bad != nil) {
				t.Fatalf("error %v names %q, want %q", err, names, test.bad)
			}
			if err == nil && !reflect.DeepEqual(got, test.want) {
				t.Errorf("got %+v, want %+v", got, test.want)
			}
		})
	}
}

func TestDepthOfAKnownField(t *testing.T) {
	t.Parallel()
	body := `{"email":` + strings.Repeat(`{"a":`, 10_000)
	err := bind.Body(request(t, "", jsonType, strings.NewReader(body)), &input{})
	names := named(err)
	if len(names) != 1 || !strings.HasPrefix(names[0], "email") || len(names[0]) > 64 {
		t.Errorf("names %.200q", names)
	}
}

func TestForm(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		form string
		want input
		bad  []string
	}{
		"all kinds": {
			form: "email=a%40b.c&name=&limit=-3&page=0&active=true&public=false",
			want: input{Email: "a@b.c", Name: new(""), Limit: -3, Page: new(0), Active: true, Public: new(false)},
		},
		"space":                 {form: "email=a+b%20c%2B", want: input{Email: "a b c+"}},
		"name alone":            {form: "email", want: input{}},
		"empty pieces":          {form: "&&email=a&", want: input{Email: "a"}},
		"unknown":               {form: "role=admin", bad: []string{"role"}},
		"unknown, empty name":   {form: "=1", bad: []string{""}},
		"case variants":         {form: "email=a&EMAIL=b", bad: []string{"EMAIL"}},
		"repeated":              {form: "email=a&email=a", bad: []string{"email"}},
		"repeated, escaped":     {form: "email=a&em%61il=b", bad: []string{"email"}},
		"operator":              {form: "email[$ne]=", bad: []string{"email[$ne]"}},
		"path":                  {form: "email.x=1", bad: []string{"email.x"}},
		"index":                 {form: "email.0=1", bad: []string{"email.0"}},
		"Go's name":             {form: "Email=a", bad: []string{"Email"}},
		"integer, word":         {form: "limit=three", bad: []string{"limit"}},
		"integer, empty":        {form: "limit=", bad: []string{"limit"}},
		"integer, space":        {form: "page=+5", bad: []string{"page"}},
		"integer, hexadecimal":  {form: "limit=0x10", bad: []string{"limit"}},
		"integer, fraction":     {form: "limit=1.5", bad: []string{"limit"}},
		"integer, too large":    {form: "page=9223372036854775808", bad: []string{"page"}},
		"boolean, word":         {form: "active=yes", bad: []string{"active"}},
		"boolean, number":       {form: "public=1", bad: []string{"public"}},
		"boolean, of a browser": {form: "active=on", bad: []string{"active"}},
		"boolean, empty":        {form: "active=", bad: []string{"active"}},
		"several faults":        {form: "x=1&limit=a&page=&email=1&email=2&name=right", bad: []string{"email", "limit", "page", "x"}},
		"bad escape":            {form: "email=%zz", bad: []string{"body"}},
		"cut escape":            {form: "email=a%2", bad: []string{"body"}},
		"semicolon":             {form: "email=a;limit=1", bad: []string{"body"}},
		"broken UTF-8":          {form: "email=%ff", bad: []string{"email"}},
		"name of broken UTF-8":  {form: "%ff=1", bad: []string{"?"}},
		"JSON":                  {form: `{"email":"a"}`, bad: []string{`{"email":"a"}`}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			check := func(from string, bad []string, bound func(into any) error) {
				var got input
				err := bound(&got)
				if names := named(err); !slices.Equal(names, bad) || (err != nil) != (bad != nil) {
					t.Fatalf("%s: error %v names %q, want %q", from, err, names, bad)
				}
				if err == nil && !reflect.DeepEqual(got, test.want) {
					t.Errorf("%s: got %+v, want %+v", from, got, test.want)
				}
			}
			check("body", test.bad, func(into any) error { return bind.Body(request(t, "", formType, strings.NewReader(test.form)), into) })
			inQuery := slices.Clone(test.bad)
			if slices.Equal(inQuery, []string{"body"}) {
				inQuery = []string{"query"}
			}
			check("query", inQuery, func(into any) error {
				c := request(t, "", "", nil)
				c.Request.URL.RawQuery = test.form
				return bind.Query(c, into)
			})
		})
	}
}

func TestFaultsSayWhatIsRight(t *testing.T) {
	t.Parallel()
	for body, want := range map[string]string{
		"role=admin":     "role: unknown field; known are email, name, limit, page, active, public",
		"limit=x":        "limit: must be an integer",
		"active=x":       "active: must be true or false",
		"email=a&email=": "email: given 2 times; give it once",
		"email=;":        "body: is not well-formed; encode special characters as %XX and separate fields with &",
		"email=%ff":      "email: must be UTF-8",

		`{"role":1}`:              "role: unknown field; known are email, name, limit, page, active, public",
		`{"limit":""}`:            "limit: must be an integer",
		`{"email":null}`:          "email: must not be null",
		`{"email":1}`:             "email: must be a string",
		`{"email":"","email":""}`: "email: given more than once; give it once",
		`{"email"}`:               "email: is not well-formed JSON at byte 8",
	} {
		contentType := formType
		if strings.HasPrefix(body, "{") {
			contentType = jsonType
		}
		err := bind.Body(request(t, "", contentType, strings.NewReader(body)), &input{})
		if err == nil || err.Error() != "invalid_input: "+want {
			t.Errorf("%s is answered\n%v, want\n%s", body, err, want)
		}
	}
	want := "invalid_input: x: unknown parameter; this request takes none"
	if err := bind.Nothing(request(t, "x=1", "", nil)); err == nil || err.Error() != want {
		t.Errorf("answered %v, want %s", err, want)
	}
}

func TestAnAnswerStaysSmall(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("n", 10_000)
	var form, object, broken strings.Builder
	object.WriteString(`{"email":1`)
	for i := range 9000 {
		fmt.Fprintf(&form, "a%d=&", i)
		fmt.Fprintf(&object, `,"a%d":1`, i)
		fmt.Fprintf(&broken, "%%ff%d=&", i)
	}
	object.WriteString("}")
	for _, body := range []string{form.String(), object.String(), broken.String(), long + "=1", `{"` + long + `":1}`, `%ff` + long + "=1"} {
		contentType := formType
		if strings.HasPrefix(body, "{") {
			contentType = jsonType
		}
		w := httptest.NewRecorder()
		c := request(t, "", contentType, strings.NewReader(body))
		problem.Write(w, c.Request, nil, bind.Body(c, &input{}))
		if w.Code != http.StatusBadRequest || w.Body.Len() > 8<<10 {
			t.Errorf("%.20q… is answered with %d and %d bytes", body, w.Code, w.Body.Len())
		}
	}
}

func TestContentType(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		contentType, encoding, body string
		unsupported                 bool
	}{
		"JSON":                  {contentType: "application/json", body: `{"limit":1}`},
		"JSON in UTF-8":         {contentType: `Application/JSON; charset="UTF-8"`, body: `{"limit":1}`},
		"form":                  {contentType: formType, body: "limit=1"},
		"form in UTF-8":         {contentType: formType + ";charset=utf-8", body: "limit=1"},
		"identity":              {contentType: jsonType, encoding: "Identity", body: `{"limit":1}`},
		"none":                  {body: `{"limit":1}`, unsupported: true},
		"text":                  {contentType: "text/plain", body: `{"limit":1}`, unsupported: true},
		"upload":                {contentType: "multipart/form-data; boundary=x", body: "--x--", unsupported: true},
		"YAML":                  {contentType: "application/yaml", body: "limit: 1", unsupported: true},
		"JSON of another kind":  {contentType: "application/merge-patch+json", body: `{"limit":1}`, unsupported: true},
		"JSON in Latin-1":       {contentType: "application/json; charset=iso-8859-1", body: `{"limit":1}`, unsupported: true},
		"form in UTF-16":        {contentType: formType + "; charset=utf-16", body: "limit=1", unsupported: true},
		"malformed":             {contentType: "application/json; charset", body: `{"limit":1}`, unsupported: true},
		"two in one":            {contentType: "application/json, text/plain", body: `{"limit":1}`, unsupported: true},
		"compressed":            {contentType: jsonType, encoding: "gzip", body: "\x1f\x8b", unsupported: true},
		"compressed form":       {contentType: formType, encoding: "br", body: "x", unsupported: true},
		"compressed, then some": {contentType: jsonType, encoding: "identity, gzip", body: `{"limit":1}`, unsupported: true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for _, length := range []string{"known", "chunked"} {
				var body io.Reader = strings.NewReader(test.body)
				if length == "chunked" {
					body = chunked{body}
				}
				c := request(t, "", test.contentType, body)
				c.Request.Header.Set("Content-Encoding", test.encoding)
				var got input
				err := bind.Body(c, &got)
				if test.unsupported && (fault.KindOf(err) != fault.UnsupportedMedia || problem.Status(err) != http.StatusUnsupportedMediaType) {
					t.Errorf("%s: error %v, want 415", length, err)
				}
				if !test.unsupported && (err != nil || got.Limit != 1) {
					t.Errorf("%s: error %v, got %+v", length, err, got)
				}
			}
		})
	}
}

func TestNoBodyIsNoFault(t *testing.T) {
	t.Parallel()
	for _, contentType := range []string{"", jsonType, formType} {
		for name, body := range map[string]io.Reader{"none": nil, "empty": http.NoBody, "chunked": chunked{strings.NewReader("")}} {
			c := request(t, "", contentType, body)
			got := input{Email: "as it was"}
			if err := bind.Body(c, &got); err != nil || got.Email != "as it was" {
				t.Errorf("%s of type %q: error %v, got %+v", name, contentType, err, got)
			}
			if err := bind.Nothing(c); err != nil {
				t.Errorf("%s of type %q is not nothing: %v", name, contentType, err)
			}
			if _, rest, err := bind.Rest(request(t, "", contentType, body)); err != nil || rest != nil {
				t.Errorf("%s of type %q leaves the rest %v, error %v", name, contentType, rest, err)
			}
		}
	}
}

func TestNothing(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		query, contentType, body string
		bad                      []string
	}{
		"nothing":       {},
		"empty object":  {contentType: jsonType, body: "{}"},
		"query":         {query: "a=1", bad: []string{"a"}},
		"form":          {contentType: formType, body: "b=1", bad: []string{"b"}},
		"JSON":          {contentType: jsonType, body: `{"b":1}`, bad: []string{"b"}},
		"query, broken": {query: "%", bad: []string{"query"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			err := bind.Nothing(request(t, test.query, test.contentType, chunked{strings.NewReader(test.body)}))
			if names := named(err); !slices.Equal(names, test.bad) || (err != nil) != (test.bad != nil) {
				t.Errorf("error %v names %q, want %q", err, names, test.bad)
			}
		})
	}
	w := httptest.NewRecorder()
	c := request(t, "a=1", formType, strings.NewReader("b=1"))
	problem.Write(w, c.Request, nil, bind.Nothing(c))
	if body := w.Body.String(); !strings.Contains(body, `"field":"a"`) || !strings.Contains(body, `"field":"b"`) {
		t.Errorf("not both are named: %s", body)
	}
}

func TestABodyThatBreaksOff(t *testing.T) {
	t.Parallel()
	broken := io.MultiReader(strings.NewReader(`{"email":`), failing{})
	err := bind.Body(request(t, "", jsonType, broken), &input{})
	if problem.Status(err) != http.StatusBadRequest || !errors.Is(err, errBroken) {
		t.Errorf("error %v", err)
	}
}

var errBroken = errors.New("connection reset")

type failing struct{}

func (failing) Read([]byte) (int, error) { return 0, errBroken }

func TestTakeFormField(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		contentType, body, want string
		found                   bool
		bad                     []string
	}{
		"there":    {contentType: formType, body: "limit=1&access_token=a.b%2Bc", want: "a.b+c", found: true},
		"empty":    {contentType: formType, body: "limit=1&access_token=", found: true},
		"missing":  {contentType: formType, body: "limit=1"},
		"repeated": {contentType: formType, body: "limit=1&access_token=a&access_token=a", bad: []string{"access_token"}},
		"in JSON":  {contentType: jsonType, body: `{"limit":1}`},
		"broken":   {contentType: formType, body: "access_token=%", bad: []string{"body"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := request(t, "", test.contentType, strings.NewReader(test.body))
			got, found, err := bind.TakeFormField(c, "access_token")
			if got != test.want || found != test.found || !slices.Equal(named(err), test.bad) {
				t.Fatalf("got %q, %t, %v", got, found, err)
			}
			if err != nil {
				return
			}
			if again, found, err := bind.TakeFormField(c, "access_token"); again != "" || found || err != nil {
				t.Errorf("taken twice: %q, %t, %v", again, found, err)
			}
			var rest input
			if err := bind.Body(c, &rest); err != nil || rest.Limit != 1 {
				t.Errorf("the handler meets %+v, %v", rest, err)
			}
		})
	}
	if _, _, err := bind.TakeFormField(request(t, "", "text/plain", strings.NewReader("a")), "a"); problem.Status(err) != 415 {
		t.Errorf("text is answered %v", err)
	}
	if _, found, err := bind.TakeFormField(request(t, "", "", nil), "a"); found || err != nil {
		t.Errorf("no body: %t, %v", found, err)
	}
}

func TestTakeQueryParameter(t *testing.T) {
	t.Parallel()
	c := request(t, "limit=1&access_token=a.b", "", nil)
	if got, found, err := bind.TakeQueryParameter(c, "access_token"); got != "a.b" || !found || err != nil {
		t.Fatalf("got %q, %t, %v", got, found, err)
	}
	var rest input
	if err := bind.Query(c, &rest); err != nil || rest.Limit != 1 {
		t.Errorf("the handler meets %+v, %v", rest, err)
	}
	if _, found, err := bind.TakeQueryParameter(request(t, "", "", nil), "access_token"); found || err != nil {
		t.Errorf("no query: %t, %v", found, err)
	}
	if _, _, err := bind.TakeQueryParameter(request(t, "a=1&a=2", "", nil), "a"); !slices.Equal(named(err), []string{"a"}) {
		t.Errorf("repeated: %v", err)
	}
}

func TestRest(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		contentType, body string
		want              string // as JSON
		bad               []string
	}{
		"JSON, as it is":  {contentType: jsonType, body: `{"b": [1.50, null],"a":{}}`, want: `{"b":[1.50,null],"a":{}}`},
		"form":            {contentType: formType, body: "access_token=t&name=%C3%BC&limit=1", want: `{"limit":"1","name":"ü"}`},
		"form, empty":     {contentType: formType, body: "access_token=t", want: `null`},
		"byte order mark": {contentType: jsonType, body: "\ufeff{}", want: `{}`},
		"form, repeated":  {contentType: formType, body: "name=a&name=b", bad: []string{"name"}},
		"form, no UTF-8":  {contentType: formType, body: "name=%ff", bad: []string{"name"}},
		"repeated":        {contentType: jsonType, body: `{"a":1,"a":1}`, bad: []string{"a"}},
		"no UTF-8":        {contentType: jsonType, body: "{\"a\":\"\xff\"}", bad: []string{"a"}},
		"trailing":        {contentType: jsonType, body: `{} {}`, bad: []string{"body"}},
		"cut off":         {contentType: jsonType, body: `{"a":`, bad: []string{"a"}},
		"deep":            {contentType: jsonType, body: strings.Repeat("[", 60_000), bad: []string{"body"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := request(t, "q=x", test.contentType, strings.NewReader(test.body))
			if test.bad == nil {
				if _, _, err := bind.TakeFormField(c, "access_token"); err != nil {
					t.Fatal(err)
				}
			}
			query, rest, err := bind.Rest(c)
			if !slices.Equal(named(err), test.bad) || (err != nil) != (test.bad != nil) {
				t.Fatalf("error %v, want %q", err, test.bad)
			}
			if err != nil {
				return
			}
			if got := marshal(t, rest); got != test.want || query.Get("q") != "x" {
				t.Errorf("got %s with %v, want %s", got, query, test.want)
			}
		})
	}
}
