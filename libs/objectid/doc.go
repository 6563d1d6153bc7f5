// Package objectid names accounts and contents by 24 hex digits.
package objectid
