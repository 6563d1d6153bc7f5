// Package jsonhttp has what clients of JSON over HTTP share.
package jsonhttp
