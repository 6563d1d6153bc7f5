// Package account owns who may use Streamgate, as which address, with which password, role, plan.
//
// An account comes into being by SignUp, or as the first administrator by EnsureAdmin. Its e-mail address is its name: two spellings of
// one address (case, Unicode form, an international domain and its ASCII form) are one account, which the store's unique index decides,
// not a look beforehand.
//
// SignIn turns an address and a password into a device session, which session-svc keeps:
//
//	verify    the address, the lock and the password, in the same time and with the same answer whatever of them is wrong
//	open      a session at session-svc
//	confirm   that the account is still there, not locked meanwhile, its password still that one; else the session is ended again
//
// Ten wrong passwords in a row lock an account's sign-in, for a minute, then two, up to a quarter of an hour; sessions that are
// open go on. While it is locked the right password is answered as a wrong one. A sign-in, a change of password by its owner or a
// reset by mail forgives them.
//
// Whatever takes something away (a change or reset of the password, a demotion, a deletion) ends the account's sessions before and
// after it is written: before, so that nothing is changed when sessions can't be ended; after, for those that were opened
// meanwhile. The confirmation of SignIn covers what is opened later still.
package account
