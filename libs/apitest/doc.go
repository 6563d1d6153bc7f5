// Package apitest holds a service against its OpenAPI document.
package apitest
