// Package kube is the cluster under test, as somebody with kubectl and Helm has it in hand.
package kube
