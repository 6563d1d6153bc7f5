package apitest

import (
	"errors"
	"net/mail"
	"net/url"
	"strings"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"
)

// formats are those that a document may use. The validator knows date-time and date itself, and passes values of a format that it doesn't know.
var formats = map[string]openapi3.StringFormatValidator{
	"uri":       openapi3.NewCallbackValidator(checkURI),
	"email":     openapi3.NewCallbackValidator(checkEmail(asciiOnly)),
	"idn-email": openapi3.NewCallbackValidator(checkEmail(func(rune) bool { return false })),
	"uuid":      openapi3.NewRegexpFormatValidator(openapi3.FormatOfStringForUUIDOfRFC9562),
	"date":      openapi3.SchemaStringFormats["date"],
	"date-time": openapi3.SchemaStringFormats["date-time"],
	"password":  openapi3.NewCallbackValidator(func(string) error { return nil }), // a hint for forms
}

// checkURI fails unless a text is an absolute URI (RFC 3986): one with a scheme, in ASCII, without what has to be escaped.
func checkURI(text string) error {
	u, err := url.Parse(text)
	if err != nil {
		return err //nolint:wrapcheck // says all there is
	}
	if !u.IsAbs() || u.Opaque == "" && u.Host == "" || strings.ContainsFunc(text, asciiOnly) || strings.ContainsAny(text, " \"<>\\^`{|}") {
		return errors.New("is no absolute URI")
	}
	return nil
}

// checkEmail returns what fails unless a text is an addr-spec (RFC 5322) without the refused characters.
func checkEmail(refused func(rune) bool) func(string) error {
	return func(text string) error {
		address, err := mail.ParseAddress(text)
		if err != nil || address.Name != "" || address.Address != text || strings.ContainsFunc(text, refused) {
			return errors.New("is no e-mail address")
		}
		return nil
	}
}

func asciiOnly(r rune) bool { return r <= ' ' || r > '~' }

// checkSchemas fails the test where a document says what nothing holds it to: a format that is not checked, a readOnly member of a request (whose
// unknown members are refused), or a writeOnly one of an answer. In 3.1 the latter are mere annotations, which the validator passes over.
func checkSchemas(t testing.TB, document *openapi3.T) {
	t.Helper()
	for path, item := range document.Paths.Map() {
		for method, operation := range item.Operations() {
			where := method + " " + path
			if operation.RequestBody != nil {
				checkContent(t, where, operation.RequestBody.Value.Content, func(s *openapi3.Schema) string {
					if s.ReadOnly {
						return "takes what is readOnly"
					}
					return ""
				})
			}
			for _, response := range operation.Responses.Map() {
				checkContent(t, where, response.Value.Content, func(s *openapi3.Schema) string {
					if s.WriteOnly {
						return "answers what is writeOnly"
					}
					return ""
				})
			}
		}
	}
}

// checkContent fails the test for each schema in which something is wrong.
func checkContent(t testing.TB, where string, content openapi3.Content, wrong func(*openapi3.Schema) string) {
	t.Helper()
	for _, media := range content {
		if media.Schema == nil {
			continue
		}
		_ = media.Schema.WalkSubtree(func(at string, ref *openapi3.SchemaRef) error {
			if what := wrong(ref.Value); what != "" {
				t.Errorf("openapi.yaml: %s %s at %s", where, what, at)
			}
			if _, known := formats[ref.Value.Format]; !known && ref.Value.Format != "" && ref.Value.Type.Is("string") {
				t.Errorf("openapi.yaml: %s: nothing checks the format %s at %s", where, ref.Value.Format, at)
			}
			return nil
		})
	}
}
