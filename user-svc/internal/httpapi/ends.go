package httpapi

import (
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/gin-gonic/gin"

	"streamgate/libs/bind"
	"streamgate/libs/fault"
	"streamgate/libs/httpserver"
	"streamgate/libs/instant"
	"streamgate/libs/objectid"
	"streamgate/libs/recorded"
	"streamgate/user-svc/internal/account"
)

// foreignEnds tells which sessions of an account that is another issuer's have ended, for session-svc when it may have forgotten that:
// GET /internal/accounts/:id/ends.
func (a *API) foreignEnds(c *gin.Context) error {
	id, err := foreignID(c)
	if err == nil {
		err = bind.Nothing(c)
	}
	if err != nil {
		return err
	}
	found, err := a.Accounts.ForeignEnds(c.Request.Context(), id)
	if err != nil {
		return err
	}
	dto := recorded.Ends{Sessions: make([]recorded.End, 0, len(found.Each))}
	for of, at := range found.Each {
		dto.Sessions = append(dto.Sessions, recorded.End{Session: of, EndedAt: instant.Time(at)})
	}
	slices.SortFunc(dto.Sessions, func(a, b recorded.End) int { return strings.Compare(a.Session, b.Session) })
	if !found.Others.IsZero() {
		dto.Others = &recorded.End{Session: found.But, EndedAt: instant.Time(found.Others)}
	}
	c.PureJSON(http.StatusOK, dto)
	return nil
}

// endForeign records the end of a session of an account that is another issuer's, or of all others: POST /internal/accounts/:id/ends. Of our own
// accounts it records nothing.
func (a *API) endForeign(c *gin.Context) error {
	var given recorded.Ending
	id, err := foreignID(c)
	if err == nil {
		err = bind.OnlyBody(c, &given)
	}
	if err != nil {
		return err
	}
	if given.Session != "" || !given.Others {
		if _, err := sessionID("session", given.Session); err != nil {
			return err
		}
	}
	most := int64(account.MaxKeep.Seconds())
	if given.Keep < 1 || given.Keep > most {
		return fault.BadField("keepSeconds", "must be 1 to %d", most)
	}
	which := account.Ending{Session: given.Session, Others: given.Others}
	return httpserver.Done(c, a.Accounts.EndForeign(c.Request.Context(), id, which, time.Duration(given.Keep)*time.Second))
}

// foreignID returns the id of an account that may be another issuer's.
func foreignID(c *gin.Context) (string, error) {
	id, err := objectid.Parse("id", c.Param("id"))
	return id.String(), err
}
