// Package charts checks Streamgate's charts against what they have to agree with: the services' paths, Prometheus'
// grammar, who may talk to whom, and one another.
package charts
