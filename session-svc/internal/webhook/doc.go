// Package webhook brings events to an address of another system, signed as Standard Webhooks says (https://www.standardwebhooks.com).
package webhook
