// Package usersvc asks user-svc what it knows of accounts.
package usersvc
