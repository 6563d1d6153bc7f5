package process

import (
	"context"
	"fmt"
	"net/http"
)

// client keeps no connection open, since a stopping program would wait for it.
var client = &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}

// Answers returns the condition that Await needs for a program that serves HTTP: the answer 200 at a URL.
func Answers(url string) func(context.Context) error {
	return func(ctx context.Context) error {
		request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
		if err != nil {
			return err
		}
		response, err := client.Do(request)
		if err != nil {
			return err
		}
		_ = response.Body.Close() // not read
		if response.StatusCode != http.StatusOK {
			return fmt.Errorf("%s answers %d", url, response.StatusCode)
		}
		return nil
	}
}
