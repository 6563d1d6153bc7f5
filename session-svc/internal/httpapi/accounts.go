package httpapi

import (
	"errors"
	"net/http"

	"github.com/gin-gonic/gin"

	"streamgate/libs/bind"
	"streamgate/libs/fault"
	"streamgate/libs/httpserver"
	"streamgate/session-svc/internal/session"
	"streamgate/session-svc/internal/stream"
)

// The support desk's view of an account.

// listAccountStreams shows what an account plays: GET /accounts/:id/streams.
func (a *API) listAccountStreams(c *gin.Context, r request) error {
	account, err := a.supported(c, r)
	if err != nil {
		return err
	}
	playing, err := a.Streams.List(c.Request.Context(), account)
	if err != nil {
		return err
	}
	return show(c, newStreamsDTO(playing.Live))
}

// stopAccountStreams ends all of it: DELETE /accounts/:id/streams.
func (a *API) stopAccountStreams(c *gin.Context, r request) error {
	account, err := a.supported(c, r)
	if err != nil {
		return err
	}
	_, err = a.Streams.StopAll(c.Request.Context(), account)
	return httpserver.Done(c, err)
}

// stopAccountStream ends one of it: DELETE /accounts/:id/streams/:stream.
func (a *API) stopAccountStream(c *gin.Context, r request) error {
	account, err := a.supported(c, r)
	if err != nil {
		return err
	}
	id, err := streamID(c, "stream")
	if err != nil {
		return err
	}
	return httpserver.Done(c, a.Streams.Stop(c.Request.Context(), account, id, session.Session{Device: stream.Support}))
}

// setPlan passes a plan on to user-svc, unless the account is another issuer's: PUT /accounts/:id/plan. The limit counts at once; what happens at
// the limit, with the account's next access token. Streams that play go on.
func (a *API) setPlan(c *gin.Context, r request) error {
	account, err := objectID(c, "id")
	if err != nil {
		return err
	}
	var given planDTO
	if err := errors.Join(bind.OnlyBody(c, &given), a.signedIn(c, r)); err != nil {
		return err
	}
	var changed accountPlanDTO
	err = a.Accounts.Call(c.Request.Context(), http.MethodPut, "/internal/accounts/"+account+"/plan", given, &changed)
	if fault.KindOf(err) == fault.NotFound {
		changed, err = a.setForeignLimit(c, account, given.MaxStreams, err)
	}
	if err != nil {
		return err
	}
	if changed.Plan.MaxStreams != nil {
		if err := a.Streams.SetLimit(c.Request.Context(), account, *changed.Plan.MaxStreams); err != nil {
			return err
		}
	}
	c.JSON(http.StatusOK, changed)
	return nil
}

// supported reads whom it is about, in a request of an administrator who is still signed in.
func (a *API) supported(c *gin.Context, r request) (string, error) {
	account, err := objectID(c, "id")
	if err == nil {
		err = bind.Nothing(c)
	}
	if err == nil {
		err = a.signedIn(c, r)
	}
	return account, err
}

// listAccountSessions shows the devices that are signed in to an account: GET /accounts/:id/sessions.
func (a *API) listAccountSessions(c *gin.Context, r request) error {
	account, err := a.supported(c, r)
	if err != nil {
		return err
	}
	return a.showSessions(c, account, r.session, false)
}

// endAccountsSessions signs all devices of an account out: DELETE /accounts/:id/sessions.
func (a *API) endAccountsSessions(c *gin.Context, r request) error {
	account, err := a.supported(c, r)
	if err != nil {
		return err
	}
	return a.signOut(c, account, session.All(), stream.Support)
}

// signOut ends sessions for good.
func (a *API) signOut(c *gin.Context, account string, which session.Selection, by string) error {
	return httpserver.Done(c, a.Sessions.SignOut(c.Request.Context(), account, which, by))
}

// endAccountsSession signs one of them out: DELETE /accounts/:id/sessions/:session.
func (a *API) endAccountsSession(c *gin.Context, r request) error {
	account, err := a.supported(c, r)
	if err != nil {
		return err
	}
	id, err := session.ParseID("session", c.Param("session"))
	if err != nil {
		return err
	}
	return a.signOut(c, account, session.Only(id), stream.Support)
}
