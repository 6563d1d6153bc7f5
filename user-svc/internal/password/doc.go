// Package password hashes passwords with Argon2id.
package password
