// Package useragent names the device that a request comes from.
package useragent
