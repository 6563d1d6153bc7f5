package httpapi

import (
	"errors"
	"net/http"

	"github.com/gin-gonic/gin"

	"streamgate/libs/fault"
	"streamgate/libs/jwtauth"
	"streamgate/libs/useragent"
	"streamgate/session-svc/internal/session"
)

// What is different for those whom another issuer signed in.

var (
	errContent = fault.New(fault.Forbidden, "content_not_allowed", "This access token is for another content alone; get one for this content.")

	// errForeignEnded is session.ErrEnded for them.
	errForeignEnded = fault.New(fault.Unauthenticated, "session_ended", "This device was signed out; sign in again where you got the access token.").
			Challenging(fault.InvalidTokenChallenge)
)

// foreign lets a handler answer an account of another issuer. The device gets its name when it is seen first.
func (a *API) foreign(c *gin.Context, r request, h handler) error {
	r.seen = sightingOf(r.Foreign, c.Request.Header)
	err := h(c, r)
	if errors.Is(err, session.ErrEnded) {
		return errForeignEnded
	}
	return err
}

// sightingOf returns what a token and the request that it came with say of a device.
func sightingOf(token *jwtauth.Foreign, header http.Header) *session.Sighting {
	return &session.Sighting{SignedIn: token.SignedIn, Issued: token.Issued, Device: useragent.Device(header.Get("User-Agent"))}
}

// mayStart fails if the caller's token is for another content.
func (r request) mayStart(content string) error {
	if r.Foreign != nil && r.Foreign.Content != "" && r.Foreign.Content != content {
		return errContent
	}
	return nil
}

// setForeignLimit sets the limit of an account that user-svc doesn't know, if devices of it are signed in: then it is another issuer's. It counts until
// the store forgets the account. What happens at the limit, the account's tokens say.
func (a *API) setForeignLimit(c *gin.Context, account string, limit *int, unknown error) (accountPlanDTO, error) {
	devices, err := a.Sessions.List(c.Request.Context(), account, true)
	if err == nil && (len(devices) == 0 || limit == nil) {
		err = unknown
	}
	return accountPlanDTO{ID: account, Plan: planDTO{MaxStreams: limit}}, err
}
