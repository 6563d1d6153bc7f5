// Package account owns the accounts of Streamgate: their addresses, passwords, roles, plans.
//
// SignUp creates an account; EnsureAdmin creates the first administrator's. An account is named by its e-mail address:
// two spellings of one address (case, Unicode form, an international domain and its ASCII form) are one account. The
// store's unique index decides this, not a lookup beforehand.
//
// SignIn turns an address and a password into a device session, which session-svc keeps:
//
//	verify    the address, the lock and the password, in the same time and with the same answer whichever of them is wrong
//	open      a session at session-svc
//	confirm   that the account still exists, is not locked and still has that password; otherwise end the session again
//	record    the session with the account
//
// Session-svc keeps its sessions in Redis, which may forget. So the account has a record of who is signed in: written at
// sign-in and at each refresh before the device hears of it, and at each end before session-svc hears of it. What is
// recorded, session-svc takes back when it has forgotten it; what isn't recorded can't be refreshed.
//
// Accounts of other issuers, whose tokens session-svc accepts, are not known here. EndForeign records when their sessions were ended, since nobody
// else does, for as long as a token of before may be good.
//
// Wrong passwords are counted in the store, for all replicas: for the account, and for the network that they come from.
// Each is forgotten after a while. With ten of them an account is locked for strangers, for whom the right password is
// then answered like a wrong one, and a network with twenty has to wait. But an account knows the devices and networks
// from which its owner signed in, signed up or reset the password: they get through whatever strangers do, and have a
// count of their own. Open sessions go on anyway.
//
// A change that takes something away (a change or reset of the password, a demotion, a deletion) removes the account's
// sessions from the record in the same write, and ends them at session-svc before and after: before, so that nothing
// changes when sessions can't be ended; after, to end those that were opened meanwhile. The confirmation of SignIn covers
// sessions opened even later.
package account
