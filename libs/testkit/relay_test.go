package testkit_test

import (
	"net/http"
	"net/http/httptest"
	"testing"

	"streamgate/libs/testkit"
)

func TestRelayIsShutAndOpened(t *testing.T) {
	t.Parallel()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusTeapot) }))
	t.Cleanup(server.Close)
	relay, through := testkit.NewRelay(t, server.URL+"/cup")
	client := &http.Client{Transport: &http.Transport{}}
	t.Cleanup(client.CloseIdleConnections)
	get := func() int {
		request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, through, nil)
		if err != nil {
			t.Fatal(err)
		}
		response, err := client.Do(request)
		if err != nil {
			return 0
		}
		_ = response.Body.Close()
		return response.StatusCode
	}
	for _, step := range []struct {
		change func()
		want   int
	}{{func() {}, http.StatusTeapot}, {relay.Shut, 0}, {relay.Open, http.StatusTeapot}} {
		if step.change(); get() != step.want {
			t.Errorf("answered, or not, unlike %d", step.want)
		}
	}
}
