package httpapi

import (
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/gin-gonic/gin"
	"github.com/go-json-experiment/json"

	"streamgate/libs/bind"
	"streamgate/libs/fault"
	"streamgate/libs/metrics"
	"streamgate/libs/problem"
	"streamgate/session-svc/internal/stream"
)

// What content-svc asks about the streams that it sends, and what it is told of them.

const (
	// maxRenewals is how many streams one call renews.
	maxRenewals = 200
	// endsBeat is how often a connection that tells of ends is written to, so that its other side knows that it lives.
	endsBeat = time.Second
)

// renewalDTO asks about one stream. Times are milliseconds of film.
type renewalDTO struct {
	Grant string `json:"grant"`
	Sent  int64  `json:"sent"`
	Want  int64  `json:"want"` // next; below 0, what it was granted and won't send if the stream has ended
	Idle  int64  `json:"idle"` // since the last of it was sent
}

// renewalsDTO asks about many.
type renewalsDTO struct {
	Renewals []renewalDTO `json:"renewals"`
}

// deliveryDTO is the answer to one: a problem, or what may be sent. Times are milliseconds.
type deliveryDTO struct {
	Problem    *problem.Document `json:"problem,omitempty"`
	RetryAfter int64             `json:"retryAfter,omitzero"` // of a problem
	Holds      int64             `json:"holds,omitzero"`
	Ahead      int64             `json:"ahead,omitzero"`
	Credit     int64             `json:"credit,omitzero"`
	Wait       int64             `json:"wait,omitzero"`
}

// deliveriesDTO are the answers, in the order of the questions.
type deliveriesDTO struct {
	Lease      int64         `json:"lease"` // milliseconds
	Deliveries []deliveryDTO `json:"deliveries"`
}

func newDeliveryDTO(d stream.Delivery, err error) deliveryDTO {
	if err = explainToPlayer(err); err != nil {
		document := problem.New(err)
		dto := deliveryDTO{Problem: &document}
		if e, ok := errors.AsType[*fault.Error](err); ok {
			dto.RetryAfter = e.RetryAfter.Milliseconds()
		}
		return dto
	}
	return deliveryDTO{
		Holds: d.Holds.Milliseconds(), Ahead: d.Ahead.Milliseconds(), Credit: d.Credit.Milliseconds(), Wait: d.Wait.Milliseconds(),
	}
}

// renewLeases renews the streams of media addresses, many in one call: POST /internal/leases/renew.
func (a *API) renewLeases(c *gin.Context) error {
	var given renewalsDTO
	if err := bind.OnlyBody(c, &given); err != nil {
		return err
	}
	if n := len(given.Renewals); n < 1 || n > maxRenewals {
		return fault.BadField("renewals", "must have 1 to %d items", maxRenewals)
	}
	answer := deliveriesDTO{Lease: a.Streams.Rules().Lease.Milliseconds(), Deliveries: make([]deliveryDTO, len(given.Renewals))}
	asked := make([]stream.Sent, len(given.Renewals))
	for i, r := range given.Renewals {
		asked[i] = stream.Sent{Grant: r.Grant, Film: ms(r.Sent), Want: ms(r.Want), Idle: ms(r.Idle)}
	}
	deliveries, errs := a.Streams.RenewByGrants(c.Request.Context(), asked)
	for i := range deliveries {
		answer.Deliveries[i] = newDeliveryDTO(deliveries[i], errs[i])
	}
	text, err := json.Marshal(answer) // gin's encoder knows nothing of a problem's further members
	if err != nil {
		return fmt.Errorf("renewals: %w", err)
	}
	c.Data(http.StatusOK, "application/json; charset=utf-8", text)
	return nil
}

func ms(n int64) time.Duration { return time.Duration(n) * time.Millisecond }

// tellEnds tells of each stream that ends, a line each with its id, and a line with * after ends may have been missed. An empty line
// means nothing but that the connection lives: GET /internal/streams/ends.
func (a *API) tellEnds(c *gin.Context) error {
	if err := bind.Nothing(c); err != nil {
		return err
	}
	ended, stop := a.Changes.WatchEnds()
	defer stop()
	control := http.NewResponseController(c.Writer)
	_ = control.SetReadDeadline(time.Time{}) // the server's would end the request
	c.Header("Content-Type", "text/plain; charset=utf-8")
	c.Header("Cache-Control", "no-store")
	metrics.Begun(c)
	beat := time.NewTicker(endsBeat)
	defer beat.Stop()
	line := []byte("\n")
	for {
		_ = control.SetWriteDeadline(time.Now().Add(writeTimeout))
		if _, err := c.Writer.Write(line); err != nil {
			return nil // it is gone
		}
		if len(ended) == 0 {
			c.Writer.Flush()
		}
		select {
		case id := <-ended:
			line = append(line[:0], id.String()...)
			if id == stream.AnyStream {
				line = append(line[:0], '*')
			}
			line = append(line, '\n')
		case <-beat.C:
			line = append(line[:0], '\n')
		case <-a.Draining:
			return nil
		case <-c.Request.Context().Done():
			return nil
		}
	}
}
