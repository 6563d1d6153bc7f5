// Package testkit provides tests with the stores and clients that they run against.
package testkit
