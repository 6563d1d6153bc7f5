// Package smtpmailtest is a mail server for tests.
package smtpmailtest
