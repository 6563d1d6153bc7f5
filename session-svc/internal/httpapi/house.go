package httpapi

import (
	"errors"
	"net/http"

	"github.com/gin-gonic/gin"

	"streamgate/libs/bind"
	"streamgate/libs/instant"
	"streamgate/session-svc/internal/stream"
)

// houseDTO is what goes on in all accounts together.
type houseDTO struct {
	Playing  int            `json:"playing"`
	Minutes  []minuteDTO    `json:"minutes"`
	Outcomes map[string]int `json:"outcomes"`
	Levels   []levelDTO     `json:"levels"`
}

type minuteDTO struct {
	At      instant.Time `json:"at"`
	Granted int          `json:"granted"`
	Refused int          `json:"refused"`
}

type levelDTO struct {
	Streams int `json:"streams"`
	Starts  int `json:"starts"`
}

func newHouseDTO(h stream.House) houseDTO {
	dto := houseDTO{Playing: h.Playing, Minutes: make([]minuteDTO, len(h.Minutes)), Outcomes: h.Outcomes, Levels: make([]levelDTO, len(h.Levels))}
	for i, m := range h.Minutes {
		dto.Minutes[i] = minuteDTO{instant.Time(m.At), m.Granted, m.Refused}
	}
	for i, l := range h.Levels {
		dto.Levels[i] = levelDTO(l)
	}
	return dto
}

// showHouse shows what goes on in all accounts together: GET /house.
func (a *API) showHouse(c *gin.Context, r request) error {
	if err := errors.Join(bind.Nothing(c), a.signedIn(c, r)); err != nil {
		return err
	}
	house, err := a.Houses.House(c.Request.Context())
	if err != nil {
		return err
	}
	c.Header("Cache-Control", "no-store")
	c.JSON(http.StatusOK, newHouseDTO(house))
	return nil
}
