// Package kube is the cluster under test, as kubectl and Helm see it.
package kube
