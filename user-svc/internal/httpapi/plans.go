package httpapi

import (
	"net/http"

	"github.com/gin-gonic/gin"

	"streamgate/libs/bind"
	"streamgate/user-svc/internal/account"
)

// accountPlan is what the other services see of an account.
type accountPlan struct {
	ID   string   `json:"id"`
	Plan planView `json:"plan"`
}

// readPlan is GET /internal/accounts/:id.
func (a *API) readPlan(c *gin.Context) error {
	if err := bind.Nothing(c); err != nil {
		return err
	}
	found, err := a.accounts.ByID(c.Request.Context(), c.Param("id"))
	if err != nil {
		return err
	}
	c.PureJSON(http.StatusOK, accountPlan{found.ID, newPlanView(found.Plan)})
	return nil
}

// setPlan is PUT /internal/accounts/:id/plan. It takes the whole plan.
func (a *API) setPlan(c *gin.Context) error {
	var in planView
	if err := body(c, &in); err != nil {
		return err
	}
	changed, err := a.accounts.SetPlan(c.Request.Context(), c.Param("id"), account.Plan{MaxStreams: in.MaxStreams, OnLimit: account.OnLimit(in.OnLimit)})
	if err != nil {
		return err
	}
	c.PureJSON(http.StatusOK, accountPlan{changed.ID, newPlanView(changed.Plan)})
	return nil
}
