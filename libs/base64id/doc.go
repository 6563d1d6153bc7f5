// Package base64id has ids of random bits, written as base64url.
package base64id
