package bind_test

import (
	"errors"
	"net/url"
	"strings"
	"testing"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"streamgate/libs/bind"
	"streamgate/libs/fault"
)

func marshal(t testing.TB, v any) string {
	t.Helper()
	text, err := json.Marshal(v, json.Deterministic(true))
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// optional has only pointers, so that what was given is not nil.
type optional struct {
	Text *string `json:"text,omitzero"`
	N    *int    `json:"n,omitzero"`
	Yes  *bool   `json:"yes,omitzero"`
}

// FuzzBody checks that Body never panics, that its errors are the client's to correct, and that it keeps everything
// that it accepts.
func FuzzBody(f *testing.F) {
	for _, seed := range []string{
		`{}`, `{"text":"a","n":1,"yes":true}`, `{"text":null}`, `{"n":-0}`, `{"n":1e3}`, `{"text":{"$ne":""}}`, `{"TEXT":"a"}`, `[[`,
		"text=a&n=1&yes=true", "n=", "n=007", "yes=on", "text=%ff", "text=a;n=1", "Text=a", "text.x=1", "n=%2B5", "&&", "text",
	} {
		f.Add(seed, true)
		f.Add(seed, false)
	}
	f.Fuzz(func(t *testing.T, body string, isJSON bool) {
		contentType := formType
		if isJSON {
			contentType = jsonType
		}
		var got optional
		err := bind.Body(request(t, "", contentType, strings.NewReader(body)), &got)
		if err != nil {
			if e, ok := errors.AsType[*fault.Error](err); !ok || e.Kind != fault.Invalid || len(e.Fields) == 0 {
				t.Fatalf("%q: %v", body, err)
			}
			return
		}
		if body == "" {
			return
		}
		if isJSON {
			sent, kept := jsontext.Value(body), jsontext.Value(marshal(t, got))
			if err := errors.Join(sent.Canonicalize(), kept.Canonicalize()); err != nil || string(sent) != string(kept) {
				t.Fatalf("%q is kept as %s: %v", body, kept, err)
			}
			return
		}
		if sent, err := url.ParseQuery(body); err != nil || len(sent) != len(keptForm(got)) {
			t.Fatalf("%q is kept as %v: %v", body, keptForm(got), err)
		}
		_, rest, err := bind.Rest(request(t, "", contentType, strings.NewReader(body)))
		if err != nil {
			t.Fatalf("%q is accepted by Body, not by Rest: %v", body, err)
		}
		marshal(t, rest)
	})
}

func keptForm(o optional) map[string]any {
	kept := map[string]any{}
	if o.Text != nil {
		kept["text"] = *o.Text
	}
	if o.N != nil {
		kept["n"] = *o.N
	}
	if o.Yes != nil {
		kept["yes"] = *o.Yes
	}
	return kept
}
