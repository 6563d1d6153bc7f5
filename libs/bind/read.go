package bind

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/gin-gonic/gin"

	"streamgate/libs/fault"
)

const formType, jsonType = "application/x-www-form-urlencoded", "application/json"

// formKey and queryKey hold what was read of a request, without the fields that were taken out, for its handler.
const formKey, queryKey = "streamgate/form", "streamgate/query"

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

// parse splits a form or a query. It refuses text that is not UTF-8, which no JSON could carry.
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
	return values, refuse(faults)
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

// readJSON does the same without the byte order mark that some editors and systems begin JSON with (RFC 8259, section 8.1).
func readJSON(r *http.Request) ([]byte, error) {
	body, err := read(r)
	return bytes.TrimPrefix(body, []byte("\ufeff")), err
}

func hasBody(r *http.Request) bool { return r.Body != nil && r.Body != http.NoBody }

// mediaType returns formType, jsonType or, for a request without a body, "".
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
		// A chunked request may turn out to be empty: only then does it need no type.
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
