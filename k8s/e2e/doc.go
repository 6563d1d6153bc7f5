// Package e2e proves Streamgate on a real cluster: make cluster deploy e2e. Its tests are one after the other, since each of them breaks
// something of the one cluster, and puts it back. They end with a table of what was done and what it cost.
package e2e
