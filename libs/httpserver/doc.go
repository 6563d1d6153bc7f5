// Package httpserver makes Gin engines that trust nobody by default.
package httpserver
