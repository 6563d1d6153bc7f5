// Expressions prints every PromQL expression of the dashboards and alerts, one JSON object a line, for a program that
// sends them to Prometheus.
package main

import (
	"encoding/json"
	"fmt"
	"os"

	"streamgate/tools/charts"
)

func main() {
	list, err := charts.Expressions()
	out := json.NewEncoder(os.Stdout)
	out.SetEscapeHTML(false)
	for _, expression := range list {
		if err == nil {
			err = out.Encode(expression)
		}
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}
