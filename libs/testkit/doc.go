// Package testkit gives tests the stores and clients that they run against.
package testkit
