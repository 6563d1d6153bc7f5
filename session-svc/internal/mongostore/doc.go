// Package mongostore keeps what reports tell in MongoDB.
package mongostore
