package process

import (
	"context"
	"fmt"
	"io"
	"net/http"
)

// client keeps no connection open, since a stopping program would wait for it.
var client = &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}

// Get returns the body of the answer 200 at a URL.
func Get(ctx context.Context, url string) (string, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return "", err
	}
	response, err := client.Do(request)
	if err != nil {
		return "", err
	}
	defer func() { _ = response.Body.Close() }()
	if response.StatusCode != http.StatusOK {
		return "", fmt.Errorf("%s answers %d", url, response.StatusCode)
	}
	body, err := io.ReadAll(response.Body)
	return string(body), err
}

// Answers returns the condition that Await needs for a program that serves HTTP: the answer 200 at a URL.
func Answers(url string) func(context.Context) error {
	return func(ctx context.Context) error {
		_, err := Get(ctx, url)
		return err
	}
}
