// Package app wires user-svc.
package app
