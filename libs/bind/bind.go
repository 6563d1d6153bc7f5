package bind

import (
	"errors"
	"net/url"

	"github.com/gin-gonic/gin"
	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"streamgate/libs/fault"
)

// Query reads the query into the struct that into points to. Its fields are tagged json:"name" and are of the kind
// string, of int or bool, or pointers to these. The error is a fault.Invalid that names every faulty parameter.
func Query(c *gin.Context, into any) error {
	values, err := query(c)
	if err != nil {
		return err
	}
	return decodeValues(into, values, parameter)
}

// Body reads a body of JSON or form fields into the struct that into points to, tagged as for Query. Without a body the
// struct stays as it is, and the domain decides what is missing.
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
		return decodeValues(into, form, field)
	default:
		body, err := readJSON(c.Request)
		if err != nil || len(body) == 0 {
			return err
		}
		return refuse(decode(into, body, member))
	}
}

// OnlyQuery does what Query does, and refuses a body.
func OnlyQuery(c *gin.Context, into any) error {
	return errors.Join(Query(c, into), Body(c, &struct{}{}))
}

// OnlyBody does what Body does, and refuses a query.
func OnlyBody(c *gin.Context, into any) error {
	return errors.Join(Query(c, &struct{}{}), Body(c, into))
}

// Nothing refuses a request that has a query or a body.
func Nothing(c *gin.Context) error {
	return OnlyBody(c, &struct{}{})
}

// Rest returns a request's query and, as a value that marshals to JSON, its body, for a handler that passes both on. A
// form becomes an object of strings; no body is nil.
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
		body, err := readJSON(c.Request)
		if err != nil || len(body) == 0 {
			return parameters, nil, err
		}
		if value := jsontext.Value(body); value.IsValid() {
			return parameters, value, nil
		}
		var nothing struct{}
		return nil, nil, fault.BadFields(member.fault(json.Unmarshal(body, &nothing), &nothing)) // which says what is wrong
	}
	fields, err := form(c)
	if err != nil || len(fields) == 0 {
		return parameters, nil, err
	}
	object, repeated := once(fields)
	if len(repeated) > 0 {
		return nil, nil, refuse(repeated)
	}
	return parameters, object, nil
}

// TakeFormField removes a field from a form body, so that the handler doesn't see it, and returns it, or "" and false
// if it is missing.
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
	given, found := values[name]
	delete(values, name)
	if !found {
		return "", false, nil
	}
	single, repeated := once(url.Values{name: given})
	return single[name], len(repeated) == 0, refuse(repeated)
}
