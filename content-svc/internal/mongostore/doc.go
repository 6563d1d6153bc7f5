// Package mongostore keeps the catalogue in MongoDB.
package mongostore
