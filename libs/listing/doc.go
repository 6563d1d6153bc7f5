// Package listing reads and answers requests for a page of a list.
package listing
