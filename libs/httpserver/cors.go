package httpserver

import (
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
)

// What a page of another origin may send and read, beyond what every page may.
const (
	corsMethods = "GET, HEAD, POST, PUT, PATCH, DELETE"
	corsHeaders = "Authorization, Cache-Control, CMCD-Object, CMCD-Request, CMCD-Session, CMCD-Status, Content-Type, Idempotency-Key, " +
		"If-Match, If-Modified-Since, If-None-Match, If-Range, If-Unmodified-Since, Last-Event-ID, Range, " +
		"Tus-Resumable, Upload-Length, Upload-Offset, X-Request-Id"
	corsExposed = "Accept-Ranges, Allow, Content-Disposition, Content-Length, Content-Range, ETag, Last-Modified, Link, Location, Retry-After, " +
		"Tus-Resumable, Upload-Length, Upload-Offset, WWW-Authenticate, X-Request-Id, X-Stream-Active, X-Stream-Limit, X-Stream-State, X-Total-Count"
	corsMaxAge = "86400" // seconds; browsers keep an answer for two hours at most
)

const allowOrigin = "Access-Control-Allow-Origin"

// CheckOrigin fails unless a text is an origin as browsers send it.
func CheckOrigin(text string) error {
	u, err := url.Parse(text)
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Hostname() == "" || text != u.Scheme+"://"+u.Host || strings.Contains(text, "*") ||
		text != strings.ToLower(text) || strings.ContainsFunc(text, func(r rune) bool { return r > '~' }) {
		return fmt.Errorf("%q is not an origin such as https://www.example.com, as browsers send it: in lower case, without a path or *", text)
	}
	if port := u.Port(); port == "80" && u.Scheme == "http" || port == "443" && u.Scheme == "https" || strings.HasSuffix(u.Host, ":") {
		return fmt.Errorf("%q has the port that browsers leave out; write %s://%s", text, u.Scheme, strings.TrimSuffix(u.Host, ":"+port))
	}
	return nil
}

// admitNamed lets pages of the named origins send the request, with credentials, and read the answer, whatever it is. It reports whether it
// answered itself, which it does when a browser asks beforehand.
func (e *Engine) admitNamed(w http.ResponseWriter, r *http.Request) (answered bool) {
	if len(e.origins) == 0 {
		return false
	}
	header, origin := w.Header(), r.Header.Get("Origin")
	header.Add("Vary", "Origin")
	if !slices.Contains(e.origins, origin) {
		return false
	}
	header.Set(allowOrigin, origin)
	header.Set("Access-Control-Allow-Credentials", "true")
	if r.Method == http.MethodOptions && r.Header.Get("Access-Control-Request-Method") != "" {
		AnswerPreflight(w, corsMethods)
		return true
	}
	header.Set("Access-Control-Expose-Headers", corsExposed)
	return false
}

// AdmitAll lets pages of all origins read the answer, those that are not named without credentials.
func AdmitAll(w http.ResponseWriter) {
	if header := w.Header(); header.Get(allowOrigin) == "" {
		header.Set(allowOrigin, "*")
		header.Set("Access-Control-Expose-Headers", corsExposed)
	}
}

// AnswerPreflight tells a browser which methods a page that may send a request can use, and which headers.
func AnswerPreflight(w http.ResponseWriter, methods string) {
	header := w.Header()
	header.Set("Access-Control-Allow-Methods", methods)
	header.Set("Access-Control-Allow-Headers", corsHeaders)
	header.Set("Access-Control-Max-Age", corsMaxAge)
	w.WriteHeader(http.StatusNoContent)
}
