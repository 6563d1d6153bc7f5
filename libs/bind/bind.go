package bind

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"maps"
	"mime"
	"net/http"
	"net/url"
	"reflect"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/gin-gonic/gin"
	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
	"github.com/gorilla/schema"

	"streamgate/libs/fault"
)

const formType, jsonType = "application/x-www-form-urlencoded", "application/json"

// formKey and queryKey are where what was read of a request, less the fields that were taken out, waits for its handler.
const formKey, queryKey = "streamgate/form", "streamgate/query"

// Query reads the query into the struct that into points to, whose fields are tagged json:"name" and are strings, integers, booleans or pointers to these.
// Its error is a fault.Invalid that names every faulty parameter.
func Query(c *gin.Context, into any) error {
	values, err := query(c)
	if err != nil {
		return err
	}
	return decodeValues(into, values, "parameter")
}

// Body reads a body of JSON or form fields into the struct that into points to, tagged as for Query.
// No body leaves the struct as it is, so that what is missing is the domain's to say.
func Body(c *gin.Context, into any) error {
	contentType, err := mediaType(c.Request)
	if err != nil {
		return err
	}
	switch contentType {
	case "":
		return nil
	case formType:
		form, err := form(c)
		if err != nil {
			return err
		}
		return decodeValues(into, form, "field")
	default:
		body, err := read(c.Request)
		if err != nil || len(body) == 0 {
			return err
		}
		return decodeJSON(into, body)
	}
}

// Nothing refuses a request that has a query or a body, for routes that take neither.
func Nothing(c *gin.Context) error {
	return errors.Join(Query(c, &struct{}{}), Body(c, &struct{}{}))
}

// Rest gives a request's query and, as a value that marshals to JSON, its body, for a handler that passes them on to who checks them.
// A form becomes an object of strings; no body is nil.
func Rest(c *gin.Context) (url.Values, any, error) {
	parameters, err := query(c)
	if err != nil {
		return nil, nil, err
	}
	contentType, err := mediaType(c.Request)
	switch {
	case err != nil, contentType == "":
		return parameters, nil, err
	case contentType == jsonType:
		body, err := read(c.Request)
		if err != nil || len(body) == 0 {
			return parameters, nil, err
		}
		if value := jsontext.Value(body); value.IsValid() {
			return parameters, value, nil
		}
		return nil, nil, fault.BadFields(jsonFault(json.Unmarshal(body, &struct{}{}), nil)) // which says what is wrong
	}
	fields, err := form(c)
	if err != nil || len(fields) == 0 {
		return parameters, nil, err
	}
	object := make(map[string]string, len(fields))
	for name := range maps.Clone(fields) {
		if object[name], _, err = take(fields, name); err != nil {
			return nil, nil, err
		}
	}
	return parameters, object, nil
}

// TakeFormField takes a field out of a form body, so that the handler doesn't meet it: "" and false if it is not there.
func TakeFormField(c *gin.Context, name string) (string, bool, error) {
	if !hasBody(c.Request) {
		return "", false, nil
	}
	if contentType, err := mediaType(c.Request); err != nil || contentType != formType {
		return "", false, err
	}
	values, err := form(c)
	if err != nil {
		return "", false, err
	}
	return take(values, name)
}

// TakeQueryParameter does the same with the query.
func TakeQueryParameter(c *gin.Context, name string) (string, bool, error) {
	values, err := query(c)
	if err != nil || len(values) == 0 {
		return "", false, err
	}
	return take(values, name)
}

func take(values url.Values, name string) (string, bool, error) {
	found := values[name]
	delete(values, name)
	switch len(found) {
	case 0:
		return "", false, nil
	case 1:
		return found[0], true, nil
	default:
		return "", false, fault.BadField(name, "given %d times; give it once", len(found))
	}
}

func query(c *gin.Context) (url.Values, error) {
	if c.Request.URL.RawQuery == "" {
		return nil, nil
	}
	if values, ok := c.Get(queryKey); ok {
		return values.(url.Values), nil //nolint:forcetypeassert // only this package sets it
	}
	values, err := parse(c.Request.URL.RawQuery, "query", "parameters")
	if err != nil {
		return nil, err
	}
	c.Set(queryKey, values)
	return values, nil
}

func form(c *gin.Context) (url.Values, error) {
	if values, ok := c.Get(formKey); ok {
		return values.(url.Values), nil //nolint:forcetypeassert // only this package sets it
	}
	body, err := read(c.Request)
	if err != nil {
		return nil, err
	}
	values, err := parse(string(body), "body", "fields")
	if err != nil {
		return nil, err
	}
	c.Set(formKey, values)
	return values, nil
}

// parse splits a form or a query. What is not UTF-8 goes no further: no JSON could carry it.
func parse(text, where, what string) (url.Values, error) {
	values, err := url.ParseQuery(text)
	if err != nil {
		return nil, fault.BadField(where, "is not well-formed; encode special characters as %%XX and separate %s with &", what)
	}
	var faults []fault.Field
	for name, given := range values {
		if !utf8.ValidString(name) || slices.ContainsFunc(given, func(text string) bool { return !utf8.ValidString(text) }) {
			faults = append(faults, fault.Field{Name: shown(name), Detail: "must be UTF-8"})
		}
	}
	return values, badFields(faults)
}

func read(r *http.Request) ([]byte, error) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		if _, ok := errors.AsType[*http.MaxBytesError](err); ok {
			return nil, fmt.Errorf("body: %w", err)
		}
		return nil, fault.New(fault.Invalid, "body_unreadable", "The body ended early or came too slowly.").Because(err)
	}
	return body, nil
}

func hasBody(r *http.Request) bool { return r.Body != nil && r.Body != http.NoBody }

// mediaType gives formType, jsonType or, for a request without a body, "".
func mediaType(r *http.Request) (string, error) {
	if !hasBody(r) {
		return "", nil
	}
	unsupported := fault.New(fault.UnsupportedMedia, "unsupported_media_type", "Send the body as "+jsonType+" or "+formType+", in UTF-8, not compressed.")
	if encoding := r.Header.Get("Content-Encoding"); encoding != "" && !strings.EqualFold(encoding, "identity") {
		return "", unsupported
	}
	header := r.Header.Get("Content-Type")
	if header == "" {
		// A chunked request may turn out to be empty: only then is no type right.
		if r.ContentLength < 0 {
			if body, err := read(r); err != nil || len(body) == 0 {
				return "", err
			}
		}
		return "", unsupported
	}
	contentType, parameters, err := mime.ParseMediaType(header)
	charset := parameters["charset"]
	if err != nil || (contentType != formType && contentType != jsonType) || (charset != "" && !strings.EqualFold(charset, "utf-8")) {
		return "", unsupported
	}
	return contentType, nil
}

// decoder is shared by all requests, since it remembers what it learned of each struct.
var decoder = newDecoder()

func newDecoder() *schema.Decoder {
	d := schema.NewDecoder()
	d.SetAliasTag("json")
	// In a form as in JSON: the decoder's own rule takes on, T and 1 as well.
	d.RegisterConverter(false, func(text string) reflect.Value {
		if text != "true" && text != "false" {
			return reflect.Value{}
		}
		return reflect.ValueOf(text == "true")
	})
	return d
}

func decodeValues(into any, values url.Values, what string) error {
	if len(values) == 0 {
		return nil
	}
	var faults []fault.Field
	bad := func(name, format string, args ...any) {
		faults = append(faults, fault.Field{Name: shown(name), Detail: fmt.Sprintf(format, args...)})
	}
	right := make(url.Values, len(values))
	for name, given := range values {
		if len(faults) == maxFaults {
			break
		}
		field, known := fieldOf(into, name) // the decoder would take any case, and look into an a.b
		switch {
		case len(given) > 1:
			bad(name, "given %d times; give it once", len(given))
		case !known:
			bad(name, "unknown %s%s", what, knownNames(into))
		case given[0] == "" && kindName(field) != aString: // the decoder would pass over it
			bad(name, "must be %s", kindName(field))
		default:
			right[name] = given
		}
	}
	if err := decoder.Decode(into, right); err != nil {
		multi, ok := errors.AsType[schema.MultiError](err)
		if !ok {
			return fmt.Errorf("decode %s: %w", what, err)
		}
		for name := range multi {
			field, _ := fieldOf(into, name)
			bad(name, "must be %s", kindName(field))
		}
	}
	return badFields(faults)
}

// maxFaults bounds an answer, and the work for it: a small body can be wrong in ten thousand ways.
const maxFaults = 20

// badFields reports what was found, in the order of the names, or gives nil for nothing.
func badFields(faults []fault.Field) error {
	if len(faults) == 0 {
		return nil
	}
	slices.SortFunc(faults, func(a, b fault.Field) int { return strings.Compare(a.Name, b.Name) })
	return fault.BadFields(faults[:min(len(faults), maxFaults)]...)
}

// fieldOf gives the type of the field with this very name.
func fieldOf(into any, name string) (reflect.Type, bool) {
	structure := reflect.TypeOf(into).Elem()
	for field := range structure.Fields() {
		if jsonName(field) == name {
			return field.Type, true
		}
	}
	return nil, false
}

// knownNames lists what would have been right.
func knownNames(into any) string {
	structure := reflect.TypeOf(into).Elem()
	names := make([]string, 0, structure.NumField())
	for field := range structure.Fields() {
		names = append(names, jsonName(field))
	}
	if len(names) == 0 {
		return "; this request takes none"
	}
	return "; known are " + strings.Join(names, ", ")
}

func jsonName(field reflect.StructField) string {
	name, _, _ := strings.Cut(field.Tag.Get("json"), ",")
	return name
}

const aString = "a string"

func kindName(t reflect.Type) string {
	for t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	switch t.Kind() {
	case reflect.Bool:
		return "true or false"
	case reflect.String:
		return aString
	case reflect.Struct, reflect.Map:
		return "an object"
	case reflect.Slice, reflect.Array:
		return "a list"
	case reflect.Float32, reflect.Float64:
		return "a number"
	default:
		return "an integer"
	}
}

// errNull is why a null is refused.
var errNull = errors.New("null")

// strict refuses unknown members, and null, which would read as an empty string or as 0. (Repeated members and broken UTF-8 are refused anyway.)
var strict = json.JoinOptions(json.RejectUnknownMembers(true),
	json.WithUnmarshalers(json.UnmarshalFromFunc(func(decoder *jsontext.Decoder, _ any) error {
		if decoder.PeekKind() == jsontext.KindNull {
			return errNull
		}
		return errors.ErrUnsupported // not here: the usual way
	})))

// decodeJSON stops at the first fault, as the decoder does, and only then looks at each member by itself for the others.
func decodeJSON(into any, body []byte) error {
	err := json.Unmarshal(body, into, strict)
	if err == nil {
		return nil
	}
	var members map[string]jsontext.Value
	if json.Unmarshal(body, &members) != nil || members == nil {
		return fault.BadFields(jsonFault(err, into))
	}
	var faults []fault.Field
	for name, value := range members {
		if len(faults) == maxFaults {
			break
		}
		alone, err := json.Marshal(map[string]jsontext.Value{name: value})
		if err == nil {
			err = json.Unmarshal(alone, reflect.New(reflect.TypeOf(into).Elem()).Interface(), strict)
		}
		if err != nil {
			faults = append(faults, jsonFault(err, into))
		}
	}
	return badFields(faults)
}

// jsonFault names the member at fault.
func jsonFault(err error, into any) fault.Field {
	name, detail := "", "is not well-formed JSON"
	if semantic, ok := errors.AsType[*json.SemanticError](err); ok {
		name = fieldName(semantic.JSONPointer)
		switch {
		case errors.Is(err, errNull):
			detail = "must not be null"
		case !errors.Is(err, json.ErrUnknownName):
			detail = "must be " + kindName(semantic.GoType)
		case semantic.JSONPointer.Parent() == "":
			detail = "unknown field" + knownNames(into)
		default:
			detail = "unknown field"
		}
	} else if syntactic, ok := errors.AsType[*jsontext.SyntacticError](err); ok {
		name = fieldName(syntactic.JSONPointer)
		detail = fmt.Sprintf("is not well-formed JSON at byte %d", syntactic.ByteOffset)
		if errors.Is(err, jsontext.ErrDuplicateName) {
			detail = "given more than once; give it once"
		}
	}
	return fault.Field{Name: cmp.Or(name, "body"), Detail: detail}
}

// fieldName gives a.0.b for /a/0/b.
func fieldName(pointer jsontext.Pointer) string {
	return shown(strings.Join(slices.Collect(pointer.Tokens()), "."))
}

// shown cuts a name that a client made up to what an answer should repeat.
func shown(name string) string {
	return strings.ToValidUTF8(name[:min(len(name), 64)], "?")
}
