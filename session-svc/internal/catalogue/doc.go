// Package catalogue asks content-svc for the catalogue.
package catalogue
