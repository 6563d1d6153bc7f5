package httpapi

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/gin-gonic/gin"
	"github.com/go-json-experiment/json"

	"streamgate/libs/bind"
	"streamgate/libs/fault"
	"streamgate/libs/httpserver"
	"streamgate/libs/instant"
	"streamgate/libs/objectid"
	"streamgate/libs/problem"
	"streamgate/session-svc/internal/authorize"
	"streamgate/session-svc/internal/session"
)

// What other servers, and the proxies before them, ask about each request that they get. What they are told by their operator is in the query
// of the address that they ask at (or, of Envoy's gRPC, in the context extensions of its route); what their client sent is in the rest.

// authorizeDTO is what the operator has told the server to say.
type authorizeDTO struct {
	Content string `json:"content"` // that the server sends, 24 hex digits
	Player  string `json:"player"`
	Film    string `json:"film"`    // seconds of film that the answer stands for
	Bytes   string `json:"bytes"`   // of film that the answer has, for servers that know no seconds
	BitRate string `json:"bitrate"` // of these bytes, bits a second
	Denied  string `json:"denied"`  // "403": this is the one status of refusals besides 401, for proxies that pass on no other
}

// original is the request that a server asks about.
type original struct {
	target string      // path and query, as its client sent them; "" is not told
	header http.Header // with the client's Authorization, Cookie and Range
	token  string      // a credential that came in another way
	admin  bool        // only an administrator may do it
}

// mostFilm is the most film that one answer can stand for.
const mostFilm = time.Hour

// openAuthorize adds the routes.
func (a *API) openAuthorize(e *httpserver.Engine) {
	if a.Decider == nil {
		return
	}
	e.Read("/authorize", a.authorize)
	e.Route(http.MethodPost, "/authorize", a.authorizeForMediamtx)
	for _, method := range []string{
		http.MethodGet, http.MethodHead, http.MethodPost, http.MethodPut, http.MethodPatch, http.MethodDelete, http.MethodOptions,
	} {
		e.Route(method, "/authorize/*path", a.authorizePath)
	}
}

// authorize decides about a request whose address is in a header: GET /authorize, for nginx, Traefik, HAProxy and Caddy.
func (a *API) authorize(c *gin.Context) error {
	var told authorizeDTO
	if err := bind.Query(c, &told); err != nil {
		return err
	}
	target, err := targetOf(c.Request.Header)
	if err != nil {
		return err
	}
	return a.answer(c, told, original{target: target, header: c.Request.Header})
}

// authorizePath decides about a request whose address follows in the path: /authorize/<path>, for Envoy's ext_authz over HTTP.
func (a *API) authorizePath(c *gin.Context) error {
	target := strings.TrimPrefix(c.Request.URL.EscapedPath(), "/authorize")
	if c.Request.URL.RawQuery != "" {
		target += "?" + c.Request.URL.RawQuery
	}
	return a.answer(c, authorizeDTO{}, original{target: target, header: c.Request.Header})
}

// authorizeForMediamtx decides about what is in the body: POST /authorize, for mediamtx.
func (a *API) authorizeForMediamtx(c *gin.Context) error {
	var told authorizeDTO
	if err := bind.Query(c, &told); err != nil {
		return err
	}
	body, err := io.ReadAll(c.Request.Body)
	if err != nil {
		return err
	}
	// Versions of mediamtx say more or less; what isn't needed is ignored.
	var asked struct {
		Password string `json:"password"`
		Token    string `json:"token"`
		Action   string `json:"action"`
		Path     string `json:"path"`
		Query    string `json:"query"`
	}
	if err := json.Unmarshal(body, &asked); err != nil || asked.Action == "" {
		return fault.BadField("body", "must be the JSON object that mediamtx sends, with action, path, query, token and password").Because(err)
	}
	target := "/" + (&url.URL{Path: strings.TrimPrefix(asked.Path, "/")}).EscapedPath()
	return a.answer(c, told, original{
		target: target + "?" + asked.Query, header: c.Request.Header, token: cmp.Or(asked.Token, asked.Password),
		admin: asked.Action != "read" && asked.Action != "playback",
	})
}

func (a *API) answer(c *gin.Context, told authorizeDTO, o original) error {
	decision, err := a.decide(c.Request.Context(), told, o)
	header := c.Writer.Header()
	header.Set("Cache-Control", "no-store")
	tell(header.Set, decision, err)
	if err != nil {
		return told.only403(err)
	}
	c.Status(http.StatusOK) // Envoy takes no other one for a yes
	return nil
}

// only403 returns the refusal as the proxy can pass it on.
func (d *authorizeDTO) only403(err error) error {
	e, ok := errors.AsType[*fault.Error](err)
	if d.Denied != "403" || !ok || e.Kind == fault.Unauthenticated {
		return err
	}
	forbidden := *e
	forbidden.Kind = fault.Forbidden
	return &forbidden
}

// tell says in headers what was decided.
func tell(set func(name, value string), d authorize.Decision, err error) {
	if err == nil {
		set("X-Stream-Account", d.Account)
		set("X-Stream-Session", d.Session)
		if d.Stream != "" { // else an administrator publishes
			started, _ := instant.Time(d.Started).AppendText(nil) // which doesn't fail
			set("X-Stream-Id", d.Stream)
			set("X-Stream-Content", d.Content)
			set("X-Stream-Started", string(started))
		}
		return
	}
	document := problem.New(err)
	set("X-Stream-Status", strconv.Itoa(document.Status))
	set("X-Stream-Code", document.Code)
	for name, member := range map[string]string{"X-Stream-Reason": "reason", "X-Stream-Limit": "limit", "X-Stream-Active": "active"} {
		if value, ok := document.Members[member]; ok {
			set(name, fmt.Sprint(value)) // a reason or a number
		}
	}
}

// decide decides about a request.
func (a *API) decide(ctx context.Context, told authorizeDTO, o original) (authorize.Decision, error) {
	r, err := told.request(o.header)
	if err != nil {
		return authorize.Decision{}, err
	}
	credential, err := o.credential(&r)
	if err != nil {
		return authorize.Decision{}, err
	}
	if strings.Count(credential, ".") != 2 { // a token is three parts of base64url
		if o.admin {
			return authorize.Decision{}, errNeedsToken
		}
		return a.Decider.ByGrant(ctx, credential, r)
	}
	claims, err := a.Authenticator.Verifier.Verify(ctx, credential)
	if err != nil {
		return authorize.Decision{}, err
	}
	id, err := session.ParseID("sid", claims.Session)
	if err != nil {
		return authorize.Decision{}, err
	}
	if o.admin {
		if err := claims.RequireAdmin(); err != nil {
			return authorize.Decision{}, err
		}
		return authorize.Decision{Account: claims.Account, Session: claims.Session}, a.Sessions.Require(ctx, claims.Account, id, nil)
	}
	from := request{Claims: claims, session: id}
	if claims.Foreign == nil {
		return a.Decider.ByToken(ctx, from.caller(), r)
	}
	if err := from.mayStart(r.Named()); err != nil {
		return authorize.Decision{}, err
	}
	from.seen = sightingOf(claims.Foreign, o.header)
	decision, err := a.Decider.ByToken(ctx, from.caller(), r)
	if errors.Is(err, session.ErrEnded) {
		err = errForeignEnded
	}
	return decision, err
}

var errNeedsToken = fault.New(fault.Forbidden, "admin_required", "Only an administrator may do this: use an access token.")

// request reads what the operator has told.
func (d *authorizeDTO) request(header http.Header) (authorize.Request, error) {
	var faults []fault.Field
	bad := func(field, detail string) { faults = append(faults, fault.Field{Name: field, Detail: detail}) }
	number := func(field, text string, most float64) float64 {
		n, err := strconv.ParseFloat(cmp.Or(text, "0"), 64)
		if err != nil || !(n >= 0 && n <= most) {
			bad(field, "must be a number from 0 to "+strconv.FormatFloat(most, 'f', -1, 64))
			return 0
		}
		return n
	}
	if d.Content != "" {
		if _, err := objectid.Parse("content", d.Content); err != nil {
			bad("content", "must be a content's id: 24 hex digits in lower case")
		}
	}
	if d.Denied != "" && d.Denied != "403" {
		bad("denied", "must be 403, the status of all refusals but 401; leave it out where the proxy passes on each status")
	}
	seconds := number("film", d.Film, mostFilm.Seconds())
	bytes, rate := number("bytes", d.Bytes, 1e12), number("bitrate", d.BitRate, 1e9)
	if d.Bytes != "" && rate == 0 {
		bad("bitrate", "is needed to know how much film the bytes are: bits a second")
	}
	if d.Film == "" && rate > 0 {
		if d.Bytes == "" {
			bytes = float64(ranged(header.Get("Range")))
		}
		seconds = min(8*bytes/rate, mostFilm.Seconds())
	}
	if len(faults) > 0 {
		return authorize.Request{}, fault.BadFields(faults...)
	}
	return authorize.Request{Content: d.Content, Player: d.Player, Film: time.Duration(seconds * float64(time.Second)).Truncate(time.Millisecond)}, nil
}

// ranged returns how many bytes a Range asks for, or 0 where it doesn't say.
func ranged(text string) int64 {
	first, last, _ := strings.Cut(strings.TrimPrefix(text, "bytes="), "-")
	from, err1 := strconv.ParseInt(first, 10, 64)
	to, err2 := strconv.ParseInt(last, 10, 64)
	if err1 != nil || err2 != nil || from < 0 || to < from {
		return 0
	}
	return to - from + 1
}

// The headers in which proxies put the address of the request that they ask about.
var targetHeaders = []string{"X-Original-Uri", "X-Original-Url", "X-Forwarded-Uri", "X-Envoy-Original-Path"}

// targetOf returns the address of the request that a proxy asks about. A client may send such a header, too; then the proxy's own one differs, or
// the client has only said what the proxy says.
func targetOf(header http.Header) (string, error) {
	target := ""
	for _, name := range targetHeaders {
		for _, value := range header[name] {
			if address, err := url.Parse(value); err == nil && address.IsAbs() {
				value = address.RequestURI()
			}
			switch {
			case !strings.HasPrefix(value, "/"):
				return "", fault.BadField(name, "must be the path and query of a request, or its whole address")
			case target != "" && target != value:
				return "", fault.BadField(name, "is another address than that of another header; have the proxy drop what its client says in %s",
					strings.Join(targetHeaders, ", "))
			}
			target = value
		}
	}
	return target, nil
}

var errCredential = fault.New(fault.Unauthenticated, "token_required",
	"This needs the grant of a stream or an access token: as a segment of the path, as grant or access_token in the query or a cookie, or as "+
		"Authorization: Bearer ….").Challenging(fault.BearerChallenge)

// credential returns the grant or the token that a request comes with, the first that is there, and puts the rest of its address into r.
func (o *original) credential(r *authorize.Request) (string, error) {
	raw, query, _ := strings.Cut(o.target, "?")
	found := o.token
	if raw != "" {
		segments := strings.Split(raw, "/")[1:]
		for i, segment := range segments {
			var err error
			if segments[i], err = url.PathUnescape(segment); err != nil {
				return "", authorize.ErrPath.Because(err)
			}
		}
		if at := slices.IndexFunc(segments, isCredential); found == "" && at >= 0 {
			found, r.Rest = segments[at], strings.Join(segments[at+1:], "/")
			segments = slices.Delete(segments, at, at+1)
		}
		r.Path = "/" + strings.Join(segments, "/")
	}
	values, _ := url.ParseQuery(query) // what can't be read is not for us
	found = cmp.Or(found, values.Get("grant"), values.Get("access_token"))
	r.Player = cmp.Or(r.Player, values.Get("player"))
	if scheme, token, _ := strings.Cut(o.header.Get("Authorization"), " "); found == "" && strings.EqualFold(scheme, "Bearer") {
		found = strings.TrimSpace(token)
	}
	for _, name := range []string{"grant", "access_token"} {
		if cookie, err := (&http.Request{Header: o.header}).Cookie(name); found == "" && err == nil {
			found = cookie.Value
		}
	}
	if found == "" {
		return "", errCredential
	}
	return found, nil
}

// leastGrant and leastToken are shorter than any that there is, in characters.
const leastGrant, leastToken = 100, 40

// isCredential reports whether a segment of a path looks like a grant or a token, rather than like a name.
func isCredential(segment string) bool {
	return len(segment) >= leastGrant && segment[0] == 'A' && !strings.ContainsAny(segment, ".") ||
		len(segment) >= leastToken && strings.HasPrefix(segment, "eyJ") && strings.Count(segment, ".") == 2
}
