// Package peer carries requests between the services.
package peer
