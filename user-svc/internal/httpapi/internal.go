package httpapi

import (
	"net/http"

	"github.com/gin-gonic/gin"

	"streamgate/libs/bind"
	"streamgate/libs/fault"
	"streamgate/libs/httpserver"
	"streamgate/libs/jwtauth"
	"streamgate/user-svc/internal/account"
)

// readPlan returns an account's plan: GET /internal/accounts/:id.
func (a *API) readPlan(c *gin.Context) error {
	found, err := a.find(c)
	if err != nil {
		return err
	}
	c.PureJSON(http.StatusOK, newAccountPlanDTO(found))
	return nil
}

// setPlan changes an account's plan: PUT /internal/accounts/:id/plan. It takes the whole plan.
func (a *API) setPlan(c *gin.Context) error {
	var given planDTO
	if err := bind.OnlyBody(c, &given); err != nil {
		return err
	}
	changed, err := a.Accounts.SetPlan(c.Request.Context(), c.Param("id"), given.plan())
	if err != nil {
		return err
	}
	c.PureJSON(http.StatusOK, newAccountPlanDTO(changed))
	return nil
}

// readSession returns a session that is signed in, for session-svc when it has forgotten it:
// GET /internal/accounts/:id/sessions/:sid.
func (a *API) readSession(c *gin.Context) error {
	session, err := namedSession(c)
	if err != nil {
		return err
	}
	found, err := a.Accounts.Recorded(c.Request.Context(), c.Param("id"), session)
	if err != nil {
		return err
	}
	c.PureJSON(http.StatusOK, newRecorded(found))
	return nil
}

// endSession records that a session has ended: DELETE /internal/accounts/:id/sessions/:sid.
func (a *API) endSession(c *gin.Context) error {
	session, err := namedSession(c)
	if err != nil {
		return err
	}
	return a.endRecorded(c, account.Ending{Session: session})
}

// endSessions records that all sessions have ended, or all but one: DELETE /internal/accounts/:id/sessions?except=<sid>.
func (a *API) endSessions(c *gin.Context) error {
	var given struct {
		Except string `json:"except"`
	}
	if err := bind.OnlyQuery(c, &given); err != nil {
		return err
	}
	if given.Except != "" {
		if _, err := sessionID("except", given.Except); err != nil {
			return err
		}
	}
	return a.endRecorded(c, account.Ending{Session: given.Except, Others: true})
}

func (a *API) endRecorded(c *gin.Context, which account.Ending) error {
	return httpserver.Done(c, a.Accounts.EndRecorded(c.Request.Context(), c.Param("id"), which))
}

// namedSession returns the id of the session that the path names, for a request without query or body.
func namedSession(c *gin.Context) (string, error) {
	session, err := sessionID("sid", c.Param("sid"))
	if err == nil {
		err = bind.Nothing(c)
	}
	return session, err
}

// sessionID checks a session's id.
func sessionID(field, text string) (string, error) {
	if !jwtauth.IsSession(text) {
		return "", fault.BadField(field, "must be a session's id: 11 characters of base64url")
	}
	return text, nil
}
