package sessionsvc

import (
	"bufio"
	"context"
	"errors"
	"net/http"
	"time"

	"streamgate/libs/wait"
)

const (
	// silence is how long the connection that tells of ends may say nothing: session-svc writes an empty line each second.
	silence = 4 * time.Second
	// connectAgain is the pause after a connection that broke.
	connectAgain = 200 * time.Millisecond
)

var errAnswer = errors.New("its answer is not one to the questions")

// Ends is told of what session-svc tells.
type Ends interface {
	// Ended says that a stream has ended.
	Ended(stream string)
	// Missed says that ends may have happened that were not told.
	Missed()
}

// Follow tells of each stream that ends, until ctx ends. It connects again after the connection broke, and after that ends may have been
// missed.
func (c *Client) Follow(ctx context.Context, to Ends) {
	for ctx.Err() == nil {
		c.follow(ctx, to)
		c.told.Set(0)
		_ = wait.For(ctx, connectAgain)
	}
}

func (c *Client) follow(ctx context.Context, to Ends) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	silent := time.AfterFunc(silence, cancel)
	defer silent.Stop()
	response, err := c.ends.Send(ctx, http.MethodGet, "/internal/streams/ends", nil, nil)
	if err != nil {
		return
	}
	defer response.Body.Close()
	c.told.Set(1)
	to.Missed()
	lines := bufio.NewScanner(response.Body)
	for lines.Scan() {
		silent.Reset(silence)
		switch line := lines.Text(); line {
		case "":
		case "*":
			to.Missed()
		default:
			to.Ended(line)
		}
	}
}
