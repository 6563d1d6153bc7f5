// Package logging makes the structured log of a service.
package logging
