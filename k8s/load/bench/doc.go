// Package bench measures Streamgate against floors of the same run, and prints ratios.
package bench
