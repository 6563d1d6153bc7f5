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
//
// Ten wrong passwords in a row lock sign-in to an account for a minute, the next one for two, and so on up to a quarter
// of an hour; open sessions go on. Meanwhile the right password is answered like a wrong one. A sign-in, a change of
// password by its owner or a reset by mail sets the count to zero.
//
// A change that takes something away (a change or reset of the password, a demotion, a deletion) ends the account's
// sessions before and after it is written: before, so that nothing changes when sessions can't be ended; after, to end
// those that were opened meanwhile. The confirmation of SignIn covers sessions opened even later.
package account
