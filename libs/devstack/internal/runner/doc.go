// Package runner runs Streamgate on one machine: the stores, the services, and the front before them.
package runner
