package config

import (
	"encoding"
	"errors"
	"fmt"
	"net/url"
	"os"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/caarlos0/env/v11"
)

// Settings is a struct of settings that can check itself as a whole.
type Settings interface {
	// Validate returns every fault that it finds, each naming the variable and the remedy.
	Validate() []error
}

// Faults collects what Validate returns.
type Faults []error

// Check adds a fault, which begins with the variable's name and a colon, unless the setting is right.
func (f *Faults) Check(right bool, format string, args ...any) {
	if !right {
		*f = append(*f, fmt.Errorf(format, args...))
	}
}

// Add adds the errors that are not nil.
func (f *Faults) Add(errs ...error) {
	for _, err := range errs {
		if err != nil {
			*f = append(*f, err)
		}
	}
}

// Load fills settings from the environment. Its error joins all faults, one a line: those of parsing and those of Validate.
func Load(settings Settings, environ []string) error {
	known := env.ToMap(environ)
	for name, value := range known {
		known[name] = strings.TrimSpace(value)
	}
	for _, v := range Describe(settings) {
		if value, set := known[v.Name]; set && v.Type == list {
			known[v.Name] = aroundCommas.ReplaceAllString(value, ",")
		}
	}
	var faults []error
	if err := env.ParseWithOptions(settings, env.Options{Environment: known}); err != nil {
		faults = parseFaults(settings, err, known)
	}
	unread := faults
	for _, fault := range settings.Validate() {
		name, _, _ := strings.Cut(fault.Error(), ":")
		// A variable that could not be parsed has been named already; Validate has only seen its zero value.
		if !slices.ContainsFunc(unread, func(f error) bool { return strings.HasPrefix(f.Error(), name+":") }) {
			faults = append(faults, fault)
		}
	}
	return errors.Join(faults...)
}

// aroundCommas matches the space that people put into lists.
var aroundCommas = regexp.MustCompile(`\s*,\s*`)

// parseFaults describes each failed variable by what its author knows: its name and value, not the name of a Go field.
func parseFaults(settings Settings, err error, given map[string]string) []error {
	aggregate, ok := errors.AsType[env.AggregateError](err)
	if !ok {
		return []error{err}
	}
	names := map[string]string{}
	for _, v := range Describe(settings) {
		names[v.field] = v.Name
	}
	var faults []error
	for _, fault := range aggregate.Errors {
		if parse, ok := errors.AsType[env.ParseError](fault); ok {
			name := names[parse.Name]
			fault = fmt.Errorf("%s: %q is not %s", name, given[name], form(parse.Type))
		}
		faults = append(faults, fault)
	}
	return faults
}

// form describes how a value is written.
func form(t reflect.Type) string {
	switch {
	case t == reflect.TypeFor[time.Duration]():
		return "a duration, such as 10s or 1m30s"
	case t.Kind() == reflect.Bool:
		return "true or false"
	case t.Kind() == reflect.Float64:
		return "a number, such as 0.5"
	case typeName(t) == "string":
		return "one of its values; see -help"
	default:
		return "a whole number"
	}
}

// Variable is one setting, as the tables of -help and of the README show it.
type Variable struct {
	Name, Type, Default, Description string

	field string
}

// Describe lists the variables of a struct of settings in the order of its fields.
// The tags are env, envDefault and desc.
func Describe(settings any) []Variable {
	var variables []Variable
	structure := reflect.Indirect(reflect.ValueOf(settings)).Type()
	for field := range structure.Fields() {
		name, _, _ := strings.Cut(field.Tag.Get("env"), ",")
		switch {
		case name != "":
			variables = append(variables, Variable{
				Name: name, Type: typeName(field.Type), Default: field.Tag.Get("envDefault"), Description: field.Tag.Get("desc"), field: field.Name,
			})
		case field.Type.Kind() == reflect.Struct:
			variables = append(variables, Describe(reflect.New(field.Type).Interface())...)
		}
	}
	return variables
}

// Markdown returns the table for the README.
func Markdown(settings any) string {
	var b strings.Builder
	b.WriteString("| variable | type | default | meaning |\n| --- | --- | --- | --- |\n")
	for _, v := range Describe(settings) {
		value := v.Default
		if value != "" {
			value = "`" + value + "`"
		}
		fmt.Fprintf(&b, "| `%s` | %s | %s | %s |\n", v.Name, v.Type, value, v.Description)
	}
	return b.String()
}

// Usage returns the same for a terminal.
func Usage(settings any) string {
	var b strings.Builder
	for _, v := range Describe(settings) {
		fmt.Fprintf(&b, "  %s (%s", v.Name, v.Type)
		if v.Default != "" {
			fmt.Fprintf(&b, ", default %s", v.Default)
		}
		fmt.Fprintf(&b, ")\n        %s\n", v.Description)
	}
	return b.String()
}

const list = "list"

func typeName(t reflect.Type) string {
	switch {
	case t == reflect.TypeFor[time.Duration]():
		return "duration"
	case t.Kind() == reflect.Slice:
		return list
	case t.Implements(reflect.TypeFor[encoding.TextUnmarshaler]()) || reflect.PointerTo(t).Implements(reflect.TypeFor[encoding.TextUnmarshaler]()):
		return "string"
	default:
		return t.Kind().String()
	}
}

// Main does what every service's command line does before it runs. -help, -help=markdown and -version print and end the
// program; other arguments are refused. If settings are bad, it names all of them and ends the program with code 2.
func Main(name, version string, settings Settings) {
	for _, arg := range os.Args[1:] {
		switch arg {
		case "-help", "--help", "-h", "help":
			fmt.Printf("%s %s\n\nSettings come from the environment:\n\n%s", name, version, Usage(settings)) //nolint:forbidigo // a command line's answer
			os.Exit(0)
		case "-help=markdown":
			fmt.Print(Markdown(settings)) //nolint:forbidigo // a command line's answer
			os.Exit(0)
		case "-version", "--version", "version":
			fmt.Println(name, version) //nolint:forbidigo // a command line's answer
			os.Exit(0)
		default:
			fmt.Fprintf(os.Stderr, "%s: unknown argument %q; settings come from the environment, see %s -help\n", name, arg, name)
			os.Exit(2)
		}
	}
	if err := Load(settings, os.Environ()); err != nil {
		fmt.Fprintf(os.Stderr, "%s: the configuration has these faults:\n  %s\nSee %s -help.\n", name, strings.ReplaceAll(err.Error(), "\n", "\n  "), name)
		os.Exit(2)
	}
}

// CheckURL returns an error unless the variable's value is the address of an HTTP server.
func CheckURL(name, value string) error {
	u, err := url.Parse(value)
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" {
		return fmt.Errorf("%s: %q is not an address such as http://host:port", name, value)
	}
	return nil
}
