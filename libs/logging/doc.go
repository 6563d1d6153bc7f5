// Package logging returns the structured log of a service.
package logging
