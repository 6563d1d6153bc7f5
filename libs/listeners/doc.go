// Package listeners makes what a service answers on its public and on its internal listener.
package listeners
