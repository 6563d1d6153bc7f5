// Package apitest checks a service against its OpenAPI document.
package apitest
