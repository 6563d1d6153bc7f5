// Package front passes public requests on to the service that answers their path.
package front
