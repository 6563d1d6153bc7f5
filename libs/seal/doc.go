// Package seal authenticates short messages that leave Streamgate to come back.
package seal
