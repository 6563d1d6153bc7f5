package runner

import (
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strings"
	"text/tabwriter"
)

const secretsFile = "secrets.env"

// report prints what runs where, and what to try first.
func (s *stack) report(front net.Addr) {
	host, port, _ := net.SplitHostPort(front.String())
	if ip := net.ParseIP(host); ip.IsUnspecified() {
		host = "localhost"
	}
	url := "http://" + net.JoinHostPort(host, port)
	var text strings.Builder
	_, _ = fmt.Fprintf(&text, "\nStreamgate is ready on %s\n\n", url)

	table := tabwriter.NewWriter(&text, 0, 0, 3, ' ', 0)
	_, _ = fmt.Fprintln(table, "  service\tpublic\tinternal\toperations\tready in\tmemory at rest")
	for _, c := range s.services {
		_, _ = fmt.Fprintf(table, "  %s\t%s\t%s\t%s\t%d ms\t%s\n", c.service.Name,
			c.listen.public, c.listen.internal, c.listen.operations, c.ready.Milliseconds(), megabytes(c.memory))
	}
	_ = table.Flush()

	_, _ = fmt.Fprintln(table, "\n  store\tserved by\taddress\tdata")
	_, _ = fmt.Fprintf(table, "  MongoDB\t%s\t%s\t%s\n", s.stores.MongoDB.Kind, s.stores.MongoDB.ShownURL(), shortPath(s.stores.MongoDB.Data))
	_, _ = fmt.Fprintf(table, "  Redis\t%s\t%s\t%s\n", s.stores.Redis.Kind, s.stores.Redis.ShownURL(), shortPath(s.stores.Redis.Data))
	_ = table.Flush()

	_, _ = fmt.Fprintf(table, "\n  documentation\t%s\n", strings.Join(s.documentation(url), "  "))
	_, _ = fmt.Fprintf(table, "  administrator\t%s\n", s.administrator())
	_ = table.Flush()

	_, _ = fmt.Fprintf(&text, `
Try it:

  curl -X POST http://0.0.0.0:%[1]s/users -i -d "email=test@example.com&password=123456"
  curl -X POST http://0.0.0.0:%[1]s/auth -i -u test@example.com:123456

Ctrl-C stops everything; the data stay.

`, port)
	_, _ = fmt.Fprint(s.options.Output, text.String())
}

func (s *stack) documentation(front string) []string {
	list := make([]string, len(s.services))
	for i, c := range s.services {
		list[i] = front + "/docs/" + c.service.Name
	}
	return list
}

// administrator returns the first administrator's name, and where to find the password.
func (s *stack) administrator() string {
	user := parseEnviron(s.options.Environ)
	place := "ADMIN_PASSWORD in " + shortPath(filepath.Join(s.options.Dir, secretsFile))
	if _, set := user["ADMIN_PASSWORD"]; set {
		place = "your ADMIN_PASSWORD"
	}
	for _, c := range s.services {
		if email := c.env["ADMIN_EMAIL"]; email != "" {
			return email + ", password: " + place
		}
	}
	return "none"
}

func megabytes(bytes int64) string {
	if bytes == 0 {
		return "unknown"
	}
	return fmt.Sprintf("%.1f MB", float64(bytes)/1e6)
}

// shortPath returns a path as the user would type it.
func shortPath(path string) string {
	if path == "" {
		return "-"
	}
	here, err := os.Getwd()
	if err != nil {
		return path
	}
	short, err := filepath.Rel(here, path)
	if err != nil || strings.HasPrefix(short, "..") {
		return path
	}
	return short
}
