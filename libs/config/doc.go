// Package config reads a service's settings from the environment.
package config
