package runner

import (
	"bufio"
	"context"
	"fmt"
	"net/http"
	"os"
	"strconv"
	"strings"
	"time"
)

const (
	readyPoll  = 5 * time.Millisecond
	waitNotice = 10 * time.Second // how often to say that a service is not ready yet
	restAfter  = time.Second      // when a service that got ready is at rest
)

// untilReady waits for a service's readiness, and gives the time since its start.
func (c *child) untilReady(ctx context.Context, say func(format string, args ...any)) (time.Duration, error) {
	client := &http.Client{Timeout: time.Second, Transport: &http.Transport{DisableKeepAlives: true}}
	url := "http://" + c.listen.operations + "/readyz"
	poll := time.NewTicker(readyPoll)
	defer poll.Stop()
	notice := time.NewTicker(waitNotice)
	defer notice.Stop()
	for {
		status, err := get(ctx, client, url)
		if err == nil && status == http.StatusOK {
			return time.Since(c.process.Started), nil
		}
		select {
		case <-ctx.Done():
			return 0, ctx.Err()
		case <-notice.C:
			say("still waiting for %s: %s", c.service.Name, reason(url, status, err))
		case <-poll.C:
		}
	}
}

func get(ctx context.Context, client *http.Client, url string) (status int, err error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return 0, err
	}
	response, err := client.Do(request)
	if err != nil {
		return 0, err
	}
	return response.StatusCode, response.Body.Close()
}

func reason(url string, status int, err error) string {
	if err != nil {
		return err.Error()
	}
	return fmt.Sprintf("%s answers %d", url, status)
}

// residentMemory is a process's memory in bytes, or false on systems without /proc.
func residentMemory(pid int) (bytes int64, ok bool) {
	file, err := os.Open("/proc/" + strconv.Itoa(pid) + "/status")
	if err != nil {
		return 0, false
	}
	defer func() { _ = file.Close() }()
	lines := bufio.NewScanner(file)
	for lines.Scan() {
		if rest, ok := strings.CutPrefix(lines.Text(), "VmRSS:"); ok {
			kib, err := strconv.ParseInt(strings.TrimSpace(strings.TrimSuffix(rest, "kB")), 10, 64)
			return kib << 10, err == nil
		}
	}
	return 0, false
}
