// Package tree holds the committed files against what may be committed.
package tree
