// Package service runs a service's listeners from start-up to the end of its drain.
package service
