// Package usersvc asks user-svc who is signed in.
package usersvc
