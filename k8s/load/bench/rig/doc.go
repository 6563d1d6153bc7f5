// Package rig runs what is measured: Redis, the services and stand-ins for their neighbours, all on the loopback interface.
package rig
