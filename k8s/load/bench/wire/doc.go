// Package wire sends HTTP requests as cheaply as Go can, since the load generator takes its share of the cores that it measures.
package wire
