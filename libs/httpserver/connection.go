package httpserver

import (
	"context"
	"net"
	"time"

	"github.com/gin-gonic/gin"
)

// connectionKey is the context's key of the connection that a request came by.
type connectionKey struct{}

type connection struct {
	net.Conn

	since time.Time
}

// remember is for http.Server.ConnContext.
func remember(ctx context.Context, c net.Conn) context.Context {
	return context.WithValue(ctx, connectionKey{}, connection{c, time.Now()})
}

// DropUnsent has what was written for a request and not sent yet thrown away when its connection is closed. The system would otherwise go
// on sending it, megabytes of a film, for as long as the client takes to read them.
func DropUnsent(ctx context.Context) {
	c, _ := ctx.Value(connectionKey{}).(connection)
	if tcp, ok := c.Conn.(interface{ SetLinger(seconds int) error }); ok {
		_ = tcp.SetLinger(0) // it is closed already, or will be
	}
}

// Retire has connections closed after the first answer past an age. A client of many replicas that keeps one connection busy would never
// meet the replicas that came after it was opened.
func Retire(age time.Duration) gin.HandlerFunc {
	return func(c *gin.Context) {
		if from, ok := c.Request.Context().Value(connectionKey{}).(connection); ok && time.Since(from.since) > age {
			c.Header("Connection", "close")
		}
	}
}
