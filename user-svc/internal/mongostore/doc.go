// Package mongostore keeps accounts in MongoDB.
package mongostore
