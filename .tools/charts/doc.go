// Package charts holds Streamgate's charts against what they have to agree with: the paths of the services, Prometheus' grammar, who may
// talk to whom, and one another.
package charts
