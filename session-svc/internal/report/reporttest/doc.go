// Package reporttest counts what happened as the documents say it, without a thought for speed, repetitions or what comes late.
package reporttest
