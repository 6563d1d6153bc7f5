// Package tracing tells a collector, by OTLP, what a share of the requests does on its way through the services.
//
// Whether a request is traced is drawn at the public listener that it comes to, before anything is spent on it: nothing is made of the
// others. The other services go on with what a caller that showed its secret says, so a trace has all of its parts or none. What strangers
// say in the header traceparent is not read, unless they come through a proxy that is trusted with it: anyone could have everything traced.
//
// A span says which route, service or script, and how it ended. It has no path, query, address, account or text of an error, by
// construction: a path may be a media address, and an error of the database may name an e-mail address.
//
// Of the libraries that instrument others none is used, for what they cost, measured on 2026-11-27: otelhttp makes the largest service
// 1.7 MB larger, redisotel writes out every argument of a pipeline also for requests that are not traced, and of otelmongo the module proxy
// has no release for version 2 of the driver.
package tracing
