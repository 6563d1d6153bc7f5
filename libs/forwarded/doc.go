// Package forwarded reads what proxies say of the client before them.
package forwarded
