// Package seal authenticates short messages that leave Streamgate and return.
package seal
