// Package smtpmail sends mail by SMTP.
package smtpmail
