package bind

import (
	"cmp"
	"errors"
	"fmt"
	"net/url"
	"reflect"
	"slices"
	"strconv"
	"strings"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"streamgate/libs/fault"
)

// dialect describes a way in which requests write a struct: in the end always as a JSON object.
type dialect struct {
	word    string // what messages call a member
	whole   string // the name of the fault where it is not in one member
	options json.Options
}

var (
	member    = dialect{word: "field", whole: "body", options: strict(nil)}
	field     = dialect{word: "field", options: strict(texts)} // of a form
	parameter = dialect{word: "parameter", options: strict(texts)}
)

// errNull is the reason for refusing a null.
var errNull = errors.New("null")

// strict refuses unknown members, and null, which would be read as an empty string or as 0. (Repeated members and
// broken UTF-8 are refused anyway.)
func strict(more *json.Unmarshalers) json.Options {
	notNull := json.UnmarshalFromFunc(func(decoder *jsontext.Decoder, _ any) error {
		if decoder.PeekKind() == jsontext.KindNull {
			return errNull
		}
		return errors.ErrUnsupported // not handled here, but in the usual way
	})
	return json.JoinOptions(json.RejectUnknownMembers(true), json.WithUnmarshalers(json.JoinUnmarshalers(notNull, more)))
}

// errText is the reason for refusing a text for an integer or a boolean.
var errText = errors.New("text of another kind")

// texts reads integers and booleans from strings: forms and queries have nothing else.
var texts = json.JoinUnmarshalers(
	json.UnmarshalFromFunc(func(decoder *jsontext.Decoder, into *int) error {
		token, err := decoder.ReadToken()
		if err != nil {
			return err
		}
		if *into, err = strconv.Atoi(token.String()); err != nil {
			return errText
		}
		return nil
	}),
	json.UnmarshalFromFunc(func(decoder *jsontext.Decoder, into *bool) error {
		token, err := decoder.ReadToken()
		if err != nil {
			return err
		}
		text := token.String()
		if *into = text == "true"; !*into && text != "false" { // as in JSON: not T, not 1
			return errText
		}
		return nil
	}),
)

func decodeValues(into any, values url.Values, d dialect) error {
	if len(values) == 0 {
		return nil
	}
	object, faults := once(values)
	text, err := json.Marshal(object)
	if err != nil {
		return fmt.Errorf("%ss: %w", d.word, err)
	}
	return refuse(append(faults, decode(into, text, d)...))
}

// once returns the values that are given once, and reports the others as faults.
func once(values url.Values) (map[string]string, []fault.Field) {
	object := make(map[string]string, len(values))
	var repeated []fault.Field
	for name, given := range values {
		if len(given) > 1 {
			repeated = append(repeated, fault.Field{Name: shown(name), Detail: fmt.Sprintf("given %d times; give it once", len(given))})
			continue
		}
		object[name] = given[0]
	}
	return object, repeated
}

// decode stops at the first fault, as the decoder does. Only then does it check each member by itself to find the
// others.
func decode(into any, text []byte, d dialect) []fault.Field {
	err := json.Unmarshal(text, into, d.options)
	if err == nil {
		return nil
	}
	var members map[string]jsontext.Value
	if json.Unmarshal(text, &members) != nil || members == nil {
		return []fault.Field{d.fault(err, into)}
	}
	var faults []fault.Field
	for name, value := range members {
		if len(faults) == maxFaults {
			break
		}
		alone, err := json.Marshal(map[string]jsontext.Value{name: value})
		if err == nil {
			err = json.Unmarshal(alone, reflect.New(reflect.TypeOf(into).Elem()).Interface(), d.options)
		}
		if err != nil {
			faults = append(faults, d.fault(err, into))
		}
	}
	return faults
}

// maxFaults bounds an answer, and the work for it: a small body can be wrong in ten thousand ways.
const maxFaults = 20

// refuse returns the error for these faults, in the order of their names, or nil if there are none.
func refuse(faults []fault.Field) error {
	if len(faults) == 0 {
		return nil
	}
	slices.SortFunc(faults, func(a, b fault.Field) int { return strings.Compare(a.Name, b.Name) })
	return fault.BadFields(faults[:min(len(faults), maxFaults)]...)
}

// fault names the member at fault.
func (d dialect) fault(err error, into any) fault.Field {
	name, detail := "", "is not well-formed JSON"
	if semantic, ok := errors.AsType[*json.SemanticError](err); ok {
		name = fieldName(semantic.JSONPointer)
		switch {
		case errors.Is(err, errNull):
			detail = "must not be null"
		case !errors.Is(err, json.ErrUnknownName):
			detail = "must be " + kindName(semantic.GoType)
		case semantic.JSONPointer.Parent() == "":
			detail = "unknown " + d.word + knownNames(into)
		default:
			detail = "unknown " + d.word
		}
	} else if syntactic, ok := errors.AsType[*jsontext.SyntacticError](err); ok {
		name = fieldName(syntactic.JSONPointer)
		detail = fmt.Sprintf("is not well-formed JSON at byte %d", syntactic.ByteOffset)
		if errors.Is(err, jsontext.ErrDuplicateName) {
			detail = "given more than once; give it once"
		}
	}
	return fault.Field{Name: cmp.Or(name, d.whole), Detail: detail}
}

// fieldName returns a.0.b for /a/0/b.
func fieldName(pointer jsontext.Pointer) string {
	return shown(strings.Join(slices.Collect(pointer.Tokens()), "."))
}

// shown shortens a client's name for a field to what an answer should repeat.
func shown(name string) string {
	return strings.ToValidUTF8(name[:min(len(name), 64)], "?")
}

// knownNames lists the valid names.
func knownNames(into any) string {
	structure := reflect.TypeOf(into).Elem()
	names := make([]string, 0, structure.NumField())
	for field := range structure.Fields() {
		name, _, _ := strings.Cut(field.Tag.Get("json"), ",")
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
