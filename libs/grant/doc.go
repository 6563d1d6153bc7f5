// Package grant encrypts the part of a media address that lets its bearer fetch one video for as long as a stream lives.
package grant
