package kube

import (
	"context"
	"fmt"
	"io"
	"net/http"
)

// Pod returns the address of a pod's port through the API server, which keeps the header Authorization for itself.
func (c *Cluster) Pod(pod string, port int) string {
	return fmt.Sprintf("%s/api/v1/namespaces/%s/pods/%s:%d/proxy", c.host, Namespace, pod, port)
}

// Client returns the client for addresses of the API server.
func (c *Cluster) Client() *http.Client { return c.http }

func (c *Cluster) get(ctx context.Context, address string) ([]byte, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, address, http.NoBody)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", address, err)
	}
	response, err := c.http.Do(request)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", address, err)
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err == nil && response.StatusCode != http.StatusOK {
		err = fmt.Errorf("%s: %s", response.Status, body)
	}
	if err != nil {
		return body, fmt.Errorf("%s: %w", address, err)
	}
	return body, nil
}
