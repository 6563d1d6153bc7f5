// Package httpapi is user-svc's HTTP interface.
package httpapi
