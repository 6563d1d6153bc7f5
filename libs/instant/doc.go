// Package instant formats times for the API.
package instant
