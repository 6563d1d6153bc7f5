// Package command has what the commands of this module share.
package command
