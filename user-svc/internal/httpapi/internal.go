package httpapi

import (
	"net/http"

	"github.com/gin-gonic/gin"

	"streamgate/libs/bind"
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
	changed, err := a.Accounts.SetPlan(c.Request.Context(), c.Param("id"), account.Plan{MaxStreams: given.MaxStreams, OnLimit: account.OnLimit(given.OnLimit)})
	if err != nil {
		return err
	}
	c.PureJSON(http.StatusOK, newAccountPlanDTO(changed))
	return nil
}
