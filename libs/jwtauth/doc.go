// Package jwtauth verifies access tokens.
package jwtauth
