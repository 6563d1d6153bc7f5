package httpapi

import (
	"net/http"

	"github.com/gin-gonic/gin"

	"streamgate/libs/bind"
)

// keys publishes the keys of access tokens: GET /.well-known/jwks.json.
func (a *API) keys(c *gin.Context) error {
	if err := bind.Nothing(c); err != nil {
		return err
	}
	c.Header("Cache-Control", "public, max-age=300")
	c.Data(http.StatusOK, "application/jwk-set+json", a.Issuer.JWKS())
	return nil
}
