package kube

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"path/filepath"
	"runtime"
	"strings"
	"time"

	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"
)

// Namespace is the namespace of the services, MongoDB and Redis.
const Namespace = "streamgate"

// Services returns the names of the services, which are the repository's folders *-svc with a Go module. The releases
// of their charts, and what these make, have the same names.
func Services() []string {
	_, file, _, _ := runtime.Caller(0)
	names, err := filepath.Glob(filepath.Join(filepath.Dir(file), "../../../*-svc/go.mod"))
	if err != nil {
		panic(err) // the pattern is faulty
	}
	for i, file := range names {
		names[i] = filepath.Base(filepath.Dir(file))
	}
	return names
}

// Cluster is a cluster that make deploy has filled.
type Cluster struct {
	kubernetes.Interface

	root    string // folder of the repository
	context string
	host    string
	http    *http.Client
}

// Connect finds the cluster by the name of its context. root is the folder of the repository.
func Connect(name, root string) (*Cluster, error) {
	rules := clientcmd.NewDefaultClientConfigLoadingRules()
	config, err := clientcmd.NewNonInteractiveDeferredLoadingClientConfig(rules, &clientcmd.ConfigOverrides{CurrentContext: name}).ClientConfig()
	if err != nil {
		return nil, fmt.Errorf("context %s: %w", name, err)
	}
	config.QPS, config.Burst = 100, 100 // what is watched is asked for often
	config.Timeout = 30 * time.Second
	api, err := kubernetes.NewForConfig(config)
	if err != nil {
		return nil, fmt.Errorf("context %s: %w", name, err)
	}
	client, err := rest.HTTPClientFor(config)
	if err != nil {
		return nil, fmt.Errorf("context %s: %w", name, err)
	}
	return &Cluster{Interface: api, root: root, context: name, host: strings.TrimSuffix(config.Host, "/"), http: client}, nil
}

// poll is how often a condition that is waited for is checked.
const poll = 250 * time.Millisecond

// Until calls look until it returns nil or the time is over. Then the error wraps the last one of look.
func Until(ctx context.Context, limit time.Duration, look func(context.Context) error) error {
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	ticker := time.NewTicker(poll)
	defer ticker.Stop()
	var last error
	for {
		err := look(ctx)
		if err == nil {
			return nil
		}
		if last == nil || ctx.Err() == nil { // an error that comes of the end of the time says nothing
			last = err
		}
		select {
		case <-ctx.Done():
			if errors.Is(ctx.Err(), context.DeadlineExceeded) {
				return fmt.Errorf("not within %v: %w", limit, last)
			}
			return ctx.Err()
		case <-ticker.C:
		}
	}
}
