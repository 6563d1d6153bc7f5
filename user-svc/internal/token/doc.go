// Package token issues access tokens.
package token
