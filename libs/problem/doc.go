// Package problem answers a failed request with an RFC 9457 problem document.
package problem
