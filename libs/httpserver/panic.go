package httpserver

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"net/http"
	"runtime/debug"

	"github.com/gin-gonic/gin"

	"streamgate/libs/fault"
	"streamgate/libs/logging"
	"streamgate/libs/problem"
)

// ServeHTTP implements http.Handler. It answers, logs and counts what panics outside of all middleware, such as the router, as recover does
// what panics in a handler.
func (e *Engine) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	defer func() { e.answerPanic(w, r, recover()) }()
	if !e.admitNamed(w, r) {
		e.Engine.ServeHTTP(w, r)
	}
}

func (e *Engine) answerPanic(w http.ResponseWriter, r *http.Request, reason any) {
	if reason == nil {
		return
	}
	if isAbort(reason) {
		panic(reason)
	}
	id := rand.Text()
	w.Header().Set(problem.RequestIDHeader, id)
	ctx := logging.WithRequestID(r.Context(), id)
	e.logPanic(ctx, reason, "")
	e.metrics.CountUnrouted(e.listener, http.StatusInternalServerError)
	problem.Write(w, r.WithContext(ctx), e.log, fault.ErrInternal)
}

// recover turns a panic into a 500 that says nothing of its cause, and logs it with its stack.
func (e *Engine) recover(c *gin.Context) {
	defer func() {
		reason := recover()
		if reason == nil {
			return
		}
		if isAbort(reason) {
			panic(reason)
		}
		e.logPanic(c.Request.Context(), reason, c.FullPath())
		e.Fail(c, fault.ErrInternal)
	}()
	c.Next()
}

// isAbort reports whether a panic is net/http's own way to break a connection.
func isAbort(reason any) bool {
	err, ok := reason.(error)
	return ok && errors.Is(err, http.ErrAbortHandler)
}

func (e *Engine) logPanic(ctx context.Context, reason any, route string) {
	e.log.ErrorContext(ctx, "panic", "reason", fmt.Sprint(reason), "route", route, "stack", string(debug.Stack()))
}
