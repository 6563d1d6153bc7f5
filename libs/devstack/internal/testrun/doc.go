// Package testrun runs a command, such as a test, with fresh stores.
package testrun
