// Package issuer accepts the access tokens of issuers other than user-svc.
//
// What a token says of its issuer chooses who verifies it: user-svc's verifier, or the setting of that issuer, with its own keys. So no issuer speaks
// for another, whatever ids its keys or accounts have. An account and its device sessions have no record with user-svc: their ids follow from the
// issuer and the token's claims, and the session is opened when it is first seen (session.Store.Sight). Nobody becomes an administrator so.
package issuer
