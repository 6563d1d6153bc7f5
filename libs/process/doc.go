// Package process runs programs that end when their starter ends, however it ends.
package process
