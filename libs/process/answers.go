package process

import (
	"context"
	"fmt"
	"net/http"
)

// client leaves no connection behind, which a program that stops would have to wait for.
var client = &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}

// Answers returns what Await waits for with a program that serves HTTP: the answer 200 at a URL.
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
