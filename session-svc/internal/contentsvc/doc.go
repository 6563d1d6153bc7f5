// Package contentsvc asks content-svc for the catalogue.
package contentsvc
