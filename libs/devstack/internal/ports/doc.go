// Package ports finds addresses to listen on.
package ports
