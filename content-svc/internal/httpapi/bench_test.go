package httpapi_test

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"streamgate/libs/httpserver"
	"streamgate/libs/testkit"
)

// BenchmarkMedia compares a media address with http.ServeContent on the same file: both in turn, in the same run, over one connection
// each. The design's goal for video bytes is a ratio of at least 0.8.
//
//	go test -run '^$' -bench Media ./internal/httpapi
func BenchmarkMedia(b *testing.B) {
	const size = 256 << 20
	p := newPlayer(b, files{"film.mp4": strings.Repeat("\x00", size)})
	plain := httptest.NewUnstartedServer(nil)
	plain.Config = httpserver.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		http.ServeFile(w, r, filepath.Join(p.folder, "film.mp4"))
	}), testkit.Logger(b))
	plain.Start()
	b.Cleanup(plain.Close)
	media := strings.TrimPrefix(p.address(b, "film.mp4", "film.mp4"), p.url)

	for _, length := range []int{64 << 10, 1 << 20, 8 << 20, size} {
		b.Run(fmt.Sprintf("%dKiB", length>>10), func(b *testing.B) {
			ours, theirs := newReader(b, p.url, media, length), newReader(b, plain.URL, "/film.mp4", length)
			ours.fetch(b) // the connections, their windows and the lease are warm
			theirs.fetch(b)
			ours.spent, theirs.spent = 0, 0
			for b.Loop() {
				ours.fetch(b)
				theirs.fetch(b)
			}
			perSecond := func(spent time.Duration) float64 { return float64(length) * float64(b.N) / spent.Seconds() / 1e6 }
			b.ReportMetric(0, "ns/op") // of both together: says nothing
			b.ReportMetric(perSecond(ours.spent), "MB/s")
			b.ReportMetric(perSecond(theirs.spent), "plain-MB/s")
			b.ReportMetric(theirs.spent.Seconds()/ours.spent.Seconds(), "ratio")
		})
	}
}

// reader fetches a range over one connection, as cheaply as it can: the client is on the same cores.
type reader struct {
	connection net.Conn
	buffered   *bufio.Reader
	request    string
	length     int64
	sink       []byte
	spent      time.Duration
}

func newReader(b *testing.B, base, path string, length int) *reader {
	b.Helper()
	connection := dial(b, base)
	return &reader{
		connection: connection, buffered: bufio.NewReaderSize(connection, 4<<10), length: int64(length), sink: make([]byte, 1<<20),
		request: fmt.Sprintf("GET %s HTTP/1.1\r\nHost: test\r\nRange: bytes=0-%d\r\n\r\n", path, length-1),
	}
}

func (r *reader) fetch(b *testing.B) {
	b.Helper()
	began := time.Now()
	if _, err := io.WriteString(r.connection, r.request); err != nil {
		b.Fatal(err)
	}
	response, err := http.ReadResponse(r.buffered, nil)
	if err != nil || response.StatusCode != http.StatusPartialContent || response.ContentLength != r.length {
		b.Fatalf("%v, %v", response, err)
	}
	n, err := io.CopyBuffer(struct{ io.Writer }{io.Discard}, response.Body, r.sink)
	if err != nil || n != r.length {
		b.Fatalf("%d bytes, %v", n, err)
	}
	r.spent += time.Since(began)
}
