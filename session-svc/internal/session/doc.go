// Package session keeps the device sessions: one for each sign-in, from POST /auth until it is ended or not refreshed for its time to live.
//
// The Store decides, in one step with the streams of the session, but it may forget. The Records, which user-svc keeps with the account,
// forget nothing: each sign-in and refresh is recorded there before the device hears of it, and each end before the store hears of it. So a
// session that the store doesn't know is taken back if it is recorded, and has ended if it is not. One that is older than its server, which may
// have failed over without the end, is doubtful until the records have said once that it lives.
//
// Of another issuer's account, nobody records who is signed in: a session is opened at first sight of a token, and the Records have its ends alone,
// for as long as any token of before may be good. Where the store may have forgotten ends of the account, since it doesn't know it or is a server
// that took over, it asks for them once before it lets any session in. What is ended while they are read is ended in the store, too; and if the
// store forgets that, it has forgotten that it asked, and asks again.
//
// A session is held by a refresh token. The token carries the session's generation under a seal, and each refresh raises the generation. A
// client that got no answer repeats its request, however much later; so the generation just before the current one is answered with the
// current one until that is used itself, and many refreshes at once are one. An older generation is a copy of a token whose successor was
// used: one of the two copies is stolen, so the session ends (RFC 9700, section 4.14.2).
package session
