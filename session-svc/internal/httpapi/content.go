package httpapi

import (
	"io"
	"net/http"

	"github.com/gin-gonic/gin"

	"streamgate/libs/bind"
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
	if err := require(c.Request.Context(), r.Account, r.session); err != nil {
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
	answer, err := a.Catalogue.Forward(c.Request.Context(), method, c.Request.URL.EscapedPath(), query, body)
	if err != nil {
		return err
	}
	defer answer.Body.Close()
	header := c.Writer.Header()
	for _, name := range passedOn {
		if values := answer.Header.Values(name); len(values) > 0 {
			header[name] = values
		}
	}
	header.Set("Cache-Control", "private, no-cache")
	c.Status(answer.StatusCode)
	c.Writer.WriteHeaderNow()
	_, _ = io.Copy(c.Writer, answer.Body) // too late to answer with an error
	return nil
}
