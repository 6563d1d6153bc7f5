// Command devstack runs Streamgate, or a command that needs its stores, on a machine that has Go and nothing else.
package main
