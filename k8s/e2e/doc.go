// Package e2e proves Streamgate on a real cluster: make cluster deploy e2e. Its tests run one after the other, since
// each breaks something in the one cluster and puts it back. They end with a table of what was done and what it cost.
package e2e
