// Package smtpmailtest is where tests send mail to.
package smtpmailtest
