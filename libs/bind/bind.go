package bind

import (
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
		if err != nil {
			return err
		}
		if err := json.Unmarshal(body, into, json.RejectUnknownMembers(true)); err != nil {
			return jsonFault(err)
		}
		return nil
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
		if value := jsontext.Value(body); err == nil && !value.IsValid() {
			err = json.Unmarshal(body, &struct{}{}) // which says what is wrong
			return nil, nil, jsonFault(err)
		}
		return parameters, jsontext.Value(body), err
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
	values, err := url.ParseQuery(c.Request.URL.RawQuery)
	if err != nil {
		return nil, fault.BadField("query", "is not well-formed; encode special characters as %%XX and separate parameters with &")
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
	values, err := url.ParseQuery(string(body))
	if err != nil {
		return nil, fault.BadField("body", "is not a well-formed form; encode special characters as %%XX and separate fields with &")
	}
	c.Set(formKey, values)
	return values, nil
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

func decodeValues(into any, values url.Values, what string) error {
	var faults []fault.Field
	for name, given := range values {
		if len(given) > 1 {
			faults = append(faults, fault.Field{Name: name, Detail: fmt.Sprintf("given %d times; give it once", len(given))})
		}
	}
	decoder := schema.NewDecoder()
	decoder.SetAliasTag("json")
	decoder.ZeroEmpty(false)
	if err := decoder.Decode(into, values); err != nil {
		multi, ok := errors.AsType[schema.MultiError](err)
		if !ok {
			return fault.BadField("body", "can't be read").Because(err)
		}
		for name, each := range multi {
			faults = append(faults, fault.Field{Name: name, Detail: remedy(each, what, into)})
		}
	}
	if len(faults) == 0 {
		return nil
	}
	slices.SortFunc(faults, func(a, b fault.Field) int { return strings.Compare(a.Name, b.Name) })
	return fault.BadFields(faults...)
}

func remedy(err error, what string, into any) string {
	if conversion, ok := errors.AsType[schema.ConversionError](err); ok && conversion.Type != nil {
		return "must be " + kindName(conversion.Type)
	}
	return "unknown " + what + known(into)
}

// known lists what would have been right.
func known(into any) string {
	structure := reflect.TypeOf(into).Elem()
	names := make([]string, 0, structure.NumField())
	for i := range structure.NumField() {
		name, _, _ := strings.Cut(structure.Field(i).Tag.Get("json"), ",")
		names = append(names, name)
	}
	if len(names) == 0 {
		return "; this request takes none"
	}
	return "; known are " + strings.Join(names, ", ")
}

func kindName(t reflect.Type) string {
	for t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	switch t.Kind() {
	case reflect.Bool:
		return "true or false"
	case reflect.String:
		return "a string"
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

// jsonFault names the member at fault.
func jsonFault(err error) error {
	if semantic, ok := errors.AsType[*json.SemanticError](err); ok {
		name := fieldName(semantic.JSONPointer)
		if errors.Is(err, json.ErrUnknownName) {
			return fault.BadField(name, "unknown field")
		}
		return fault.BadField(name, "must be %s", kindName(semantic.GoType))
	}
	if syntactic, ok := errors.AsType[*jsontext.SyntacticError](err); ok {
		name := fieldName(syntactic.JSONPointer)
		if errors.Is(err, jsontext.ErrDuplicateName) {
			return fault.BadField(name, "given more than once; give it once")
		}
		return fault.BadField(name, "is not well-formed JSON at byte %d", syntactic.ByteOffset).Because(err)
	}
	return fault.BadField("body", "is not well-formed JSON").Because(err)
}

func fieldName(pointer jsontext.Pointer) string {
	name := strings.ReplaceAll(strings.TrimPrefix(string(pointer), "/"), "/", ".")
	if name == "" {
		return "body"
	}
	return strings.ToValidUTF8(name[:min(len(name), 64)], "?")
}
