package httpapi

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"net/url"

	"github.com/gin-gonic/gin"
	"github.com/go-json-experiment/json"

	"streamgate/libs/bind"
	"streamgate/libs/httpserver"
)

// passedOn are the headers of content-svc's answers that mean something to the client.
var passedOn = []string{"Content-Type", "X-Total-Count", "Link", "Location", "ETag"}

// forwardContent passes a request for the catalogue on to content-svc, which checks its input.
func (a *API) forwardContent(c *gin.Context, r request) error {
	method := c.Request.Method
	if method == http.MethodHead {
		method = http.MethodGet
	}
	require := a.Sessions.Require
	if method == http.MethodGet { // the catalogue is read while Redis is away, too
		require = a.Sessions.RequireToRead
	}
	if err := require(c.Request.Context(), r.Account, r.session, r.seen); err != nil {
		return err
	}
	if method == http.MethodGet || method == http.MethodDelete {
		if err := bind.Body(c, &struct{}{}); err != nil {
			return err
		}
	}
	query, body, err := bind.Rest(c)
	if err != nil {
		return err
	}
	answer, err := a.ask(c, method, query, body)
	if err != nil {
		return err
	}
	passOn(c, answer, passedOn, "private, no-cache")
	return nil
}

// passOn answers as content-svc does, with those of its headers that are named, and one that says how the answer may be kept.
func passOn(c *gin.Context, answer *http.Response, named []string, keep string) {
	defer answer.Body.Close()
	header := c.Writer.Header()
	take(header, answer.Header, named)
	header.Set("Cache-Control", keep)
	c.Status(answer.StatusCode)
	c.Writer.WriteHeaderNow()
	_, _ = io.Copy(c.Writer, answer.Body) // too late to answer with an error
}

// take copies headers of these names.
func take(to, from http.Header, named []string) {
	for _, name := range named {
		if values := from.Values(name); len(values) > 0 {
			to[http.CanonicalHeaderKey(name)] = values
		}
	}
}

// ask sends the request. One that makes an upload a content's own may take minutes.
func (a *API) ask(c *gin.Context, method string, query url.Values, body any) (*http.Response, error) {
	ctx, path := c.Request.Context(), c.Request.URL.EscapedPath()
	text, err := json.Marshal(body)
	if err != nil {
		return nil, fmt.Errorf("content: %w", err)
	}
	if !bytes.Contains(text, []byte(`"upload"`)) && !bytes.Contains(text, []byte(`"poster"`)) {
		return a.Catalogue.Forward(ctx, method, path, query, body)
	}
	httpserver.TakeTime(c)
	header := http.Header{"Content-Type": {"application/json"}}
	return a.Catalogue.Pass(ctx, method, path+"?"+query.Encode(), header, bytes.NewReader(text), int64(len(text)))
}
