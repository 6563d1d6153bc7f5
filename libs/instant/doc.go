// Package instant writes times as the contract has them.
package instant
