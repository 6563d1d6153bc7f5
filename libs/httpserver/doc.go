// Package httpserver returns Gin engines that trust no client or proxy by default.
package httpserver
